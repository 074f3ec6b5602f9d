"""The processes behind one capability, one channel each, and the choice of the least loaded.

gRPC's own balancers know no least-requests policy, so every endpoint has a channel of its own and we count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import grpc

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# The caller's connection and the service's each hold one message of this size at most. A capability's own limit lies
# below and is answered with a reason; above this one the C core refuses before any Python sees the message.
CEILING_BYTES: Final = 64 * 1024 * 1024

EVERY: Final = "*"
_NAME: Final = "{name}"

CHANNEL_OPTIONS: Final = (
    ("grpc.max_receive_message_length", CEILING_BYTES),
    ("grpc.max_send_message_length", CEILING_BYTES),
    # A service that was restarted is found again soon; the default waits up to two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2000),
    # A machine that is lost says nothing: without asking, calls to it would wait for their deadlines. How long an
    # answer may take is the ping's own time in the core that we have, a minute by default, whatever the keepalive's is.
    # Servers that allow few such questions (one in five minutes by default) are content while they send something in
    # between, as they do when they answer our health checks.
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.http2.ping_timeout_ms", 5_000),
    ("grpc.http2.max_pings_without_data", 0),
)


class Endpoint:
    """One process: its channel, how many calls are in flight there, and whether it says that it is well."""

    __slots__ = ("_callables", "address", "channel", "in_flight", "serving")

    def __init__(self, address: str) -> None:
        self.address = address
        self.channel = grpc.aio.insecure_channel(address, options=CHANNEL_OPTIONS)
        self.in_flight = 0
        self.serving = False
        self._callables: dict[str, grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]] = {}

    def unary_unary(self, path: str) -> grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]:
        """Return the callable of a unary method, made once."""
        found = self._callables.get(path)
        if found is None:
            found = self._callables[path] = self.channel.unary_unary(path)
        return found

    async def close(self, grace_seconds: float = 0.0) -> None:
        """Let calls in flight end within a grace period, then close the channel."""
        await self.channel.close(grace_seconds)


class Backends:
    """All endpoints of one capability."""

    def __init__(self, endpoints: Iterable[Endpoint] = ()) -> None:
        self.endpoints: Sequence[Endpoint] = tuple(endpoints)
        self._turn = 0

    def pick(self, besides: Endpoint | None = None) -> Endpoint | None:
        """Return the endpoint with the fewest calls in flight, in turn among equals; None when there is none.

        One that says it is not well is taken only when all do: then its own answer tells the caller more than ours.
        """
        self._turn += 1
        best: Endpoint | None = None
        for number in range(len(self.endpoints)):
            endpoint = self.endpoints[(self._turn + number) % len(self.endpoints)]
            if endpoint is not besides and (best is None or _load(endpoint) < _load(best)):
                best = endpoint
        return best


def _load(endpoint: Endpoint) -> tuple[bool, int]:
    return not endpoint.serving, endpoint.in_flight


def parse_endpoints(text: str) -> dict[str, tuple[str, ...]]:
    """Read `style=127.0.0.1:5001,127.0.0.1:5002;upscale=upscale.atelier.svc:5001`.

    An address is `host:port` or `unix:/path`; a host name stands for all its addresses. The name `*` stands for all
    capabilities that are not named, and `{name}` in its addresses for the name of each. Raises ValueError.
    """
    endpoints: dict[str, tuple[str, ...]] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        name, equals, addresses = part.partition("=")
        listed = tuple(address.strip() for address in addresses.split(",") if address.strip())
        if not equals or not listed:
            raise ValueError(f"{part!r} is not name=address,address")
        if name.strip() in endpoints:
            raise ValueError(f"{name.strip()} is given twice")
        for address in listed:
            _check_address(address.replace(_NAME, "name") if name.strip() == EVERY else address)
        endpoints[name.strip()] = listed
    return endpoints


def located(endpoints: Mapping[str, tuple[str, ...]], names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return where each capability runs, those of these names among them that `*` gives a place."""
    found = {name: addresses for name, addresses in endpoints.items() if name != EVERY}
    for name in names if EVERY in endpoints else ():
        found.setdefault(name, tuple(address.replace(_NAME, name) for address in endpoints[EVERY]))
    return found


def _check_address(address: str) -> None:
    host, colon, port = address.removeprefix("dns:///").rpartition(":")
    if address.startswith("unix:"):
        return
    if not (colon and host and port.isdecimal() and 0 < int(port) < 65536):
        raise ValueError(f"{address!r} is no host:port")
