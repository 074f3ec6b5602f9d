"""From host names to addresses, so that every pod behind a headless Kubernetes service has a channel of its own."""

from __future__ import annotations

import asyncio
import ipaddress
import socket


def is_literal(target: str) -> bool:
    """Tell whether a target is an address already: a Unix socket or an IP address with a port."""
    if target.startswith("unix:"):
        return True
    host = target.removeprefix("dns:///").rpartition(":")[0].strip("[]")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def resolve(target: str) -> tuple[str, ...]:
    """Return the addresses of `host:port`, sorted; a literal is its own. None are found: an empty tuple.

    A host with IPv4 and IPv6 addresses gives the IPv4 ones only, or every process would be counted twice.
    """
    if is_literal(target):
        return (target.removeprefix("dns:///"),)
    host, _, port = target.removeprefix("dns:///").rpartition(":")
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
    except socket.gaierror:
        return ()
    four = sorted({f"{address[0]}:{port}" for family, *_, address in found if family == socket.AF_INET})
    six = sorted({f"[{address[0]}]:{port}" for family, *_, address in found if family == socket.AF_INET6})
    return tuple(four or six)
