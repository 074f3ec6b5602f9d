"""Fetch a picture from an address, only from hosts that the operator allows.

Against requests that would reach into the operator's network (server-side request forgery): the host must be on the
list, its name is resolved once and every address must be public, and the connection goes to the very address that was
looked at.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

from atelier_rpc.uri import is_uri
from atelier_sdk.errors import DeadlineTooShortError, ImageTooLargeError, UriNotAllowedError, UriUnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from urllib.parse import SplitResult

_PORTS: Final = {"https": 443, "http": 80}
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MAX_HOPS: Final = 3
_CHUNK_BYTES: Final = 256 * 1024
_STALL_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Origin:
    """Where pictures may come from: a scheme, a host in lower case, a port."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, address: str) -> Origin:
        """Read the origin of an address, or of an entry of the list, where `https` may be left out.

        Raises ValueError.
        """
        parts = urlsplit(address if "://" in address else f"https://{address}")
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError(f"{address!r} is neither a host nor an http(s) origin")
        return cls(parts.scheme, parts.hostname.lower(), parts.port or _PORTS[parts.scheme])

    @property
    def names_address(self) -> bool:
        """Say whether the host is an address, not a name."""
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            return False
        return True


class Fetcher:
    """Fetch pictures of at most `max_bytes` from the hosts of a list."""

    def __init__(self, hosts: Sequence[str], *, max_bytes: int) -> None:
        self._allowed = frozenset(Origin.of(host) for host in hosts)
        self._max_bytes = max_bytes

    def fetch(self, uri: str, *, deadline: float, check: Callable[[], None]) -> bytes:
        """Return the body at `uri`. Blocks; `check` is called between chunks and may raise.

        Raises UriNotAllowedError, UriUnreachableError, ImageTooLargeError, DeadlineTooShortError.
        """
        origin = self._admit(uri)
        for _ in range(_MAX_HOPS + 1):
            answer = self._get(origin, urlsplit(uri), deadline=deadline, check=check)
            if isinstance(answer, bytes):
                return answer
            uri = _led_to(origin, uri, answer)
            if self._admit(uri) != origin:
                raise UriNotAllowedError("The address leads on to another host.", metadata={"host": origin.host})
        raise _unreachable(origin, "it leads on and on")

    def _admit(self, uri: str) -> Origin:
        try:
            origin = Origin.of(uri)
        except ValueError:
            raise UriNotAllowedError("Only https addresses are fetched.") from None
        if origin not in self._allowed:
            raise UriNotAllowedError(
                f"Pictures are not fetched from {origin.host}.", metadata={"host": origin.host, "scheme": origin.scheme}
            )
        return origin

    def _get(self, origin: Origin, parts: SplitResult, *, deadline: float, check: Callable[[], None]) -> bytes | str:
        """Return the body, or where the answer leads on to."""
        connection = _Pinned(origin, _public_address(origin), timeout=_patience(deadline))
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            connection.request("GET", path, headers={"Accept": "image/*", "User-Agent": "atelier"})
            with connection.getresponse() as answer:
                location = answer.getheader("Location")
                if answer.status in _REDIRECTS and location:
                    return location
                if answer.status != http.client.OK:
                    raise _unreachable(origin, f"it answered {answer.status}")
                return self._body(answer, deadline=deadline, check=check)
        except (OSError, http.client.HTTPException) as error:
            raise _unreachable(origin, type(error).__name__) from error
        finally:
            connection.close()

    def _body(self, answer: http.client.HTTPResponse, *, deadline: float, check: Callable[[], None]) -> bytes:
        body = bytearray()
        while chunk := answer.read1(_CHUNK_BYTES):
            body += chunk
            check()
            _patience(deadline)
            if len(body) > self._max_bytes:
                raise ImageTooLargeError(
                    f"The file at that address has more than {self._max_bytes} bytes.",
                    metadata={"limit_bytes": str(self._max_bytes)},
                )
        return bytes(body)


class _Pinned(http.client.HTTPConnection):
    """A connection to one address under the name of its host."""

    def __init__(self, origin: Origin, address: str, *, timeout: float) -> None:
        super().__init__(origin.host, origin.port, timeout=timeout)
        self._origin = origin
        self._address = address

    def connect(self) -> None:
        """Connect to the address that was looked at, not to what the name resolves to now."""
        plain = socket.create_connection((self._address, self._origin.port), self.timeout)
        if self._origin.scheme == "https":
            self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self._origin.host)
        else:
            self.sock = plain


def _public_address(origin: Origin) -> str:
    """Return an address of the host. Raises UriNotAllowedError if any of them is private and not on the list itself."""
    if origin.names_address:
        return origin.host
    try:
        found = socket.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise _unreachable(origin, "its name is not known") from error
    addresses = [str(entry[4][0]) for entry in found]
    if not all(ipaddress.ip_address(address.partition("%")[0]).is_global for address in addresses):
        raise UriNotAllowedError(f"{origin.host} leads into a private network.", metadata={"host": origin.host})
    return addresses[0]


def _led_to(origin: Origin, uri: str, location: str) -> str:
    """Return the address that an answer leads on to. Raises UriUnreachableError if it is none."""
    try:
        target = urljoin(uri, location)
    except ValueError:
        target = ""
    if not is_uri(target):
        raise _unreachable(origin, "it leads to what is no address")
    return target


def _patience(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise DeadlineTooShortError("The deadline passed while a picture was fetched.")
    return min(left, _STALL_SECONDS)


def _unreachable(origin: Origin, why: str) -> UriUnreachableError:
    return UriUnreachableError(
        f"No picture came from {origin.host}: {why}.", metadata={"host": origin.host, "cause": why}
    )
