"""Pictures by address: only from the list, only from public addresses, bounded in size and time."""

from __future__ import annotations

import http.server
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest
from atelier_sdk.errors import (
    CancelledError,
    DeadlineTooShortError,
    ImageTooLargeError,
    UriNotAllowedError,
    UriUnreachableError,
)
from atelier_service.cancellation import Cancellation
from atelier_service.fetching import Fetcher, Origin

if TYPE_CHECKING:
    from collections.abc import Iterator

BODY = bytes(range(256)) * 40


class Pages(http.server.BaseHTTPRequestHandler):
    """A small site."""

    def do_GET(self) -> None:
        port = self.connection.getsockname()[1]
        moved = {"/there": "/picture", "/away": f"http://localhost:{port}/picture", "/loop": "/loop"}
        moved |= {"/nonsense": "http://[nonsense", "/named": "/sch\xf6n", "/spaced": "/a b"}
        if self.path in moved:
            self.send_response(302)
            self.send_header("Location", moved[self.path])
            self.end_headers()
        elif self.path == "/picture":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(BODY)
        else:
            self.send_error(404)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
        """Stay silent."""


@pytest.fixture
def site() -> Iterator[str]:
    """Serve the small site and return its origin."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def fetch(uri: str, *hosts: str, max_bytes: int = 10**6, seconds: float = 5.0) -> bytes:
    deadline = time.monotonic() + seconds
    return Fetcher(hosts, max_bytes=max_bytes).fetch(uri, deadline=deadline, check=Cancellation().check)


def test_a_picture_comes_from_an_allowed_origin(site: str) -> None:
    assert fetch(f"{site}/picture", site) == BODY


def test_a_redirect_within_the_origin_is_followed(site: str) -> None:
    assert fetch(f"{site}/there", site) == BODY


def test_a_redirect_to_another_host_is_refused_even_when_that_is_allowed(site: str) -> None:
    other = site.replace("127.0.0.1", "localhost")
    with pytest.raises(UriNotAllowedError, match="leads on to another host"):
        fetch(f"{site}/away", site, other)


def test_a_redirect_without_end_is_given_up(site: str) -> None:
    with pytest.raises(UriUnreachableError, match="leads on and on"):
        fetch(f"{site}/loop", site)


@pytest.mark.parametrize("path", ["/nonsense", "/named", "/spaced"])
def test_a_redirect_to_what_is_no_address_is_given_up(site: str, path: str) -> None:
    with pytest.raises(UriUnreachableError, match="leads to what is no address"):
        fetch(f"{site}{path}", site)


def test_a_missing_picture_is_told_with_its_status(site: str) -> None:
    with pytest.raises(UriUnreachableError, match="it answered 404"):
        fetch(f"{site}/nothing", site)


def test_a_larger_file_than_is_accepted_is_refused(site: str) -> None:
    with pytest.raises(ImageTooLargeError):
        fetch(f"{site}/picture", site, max_bytes=len(BODY) - 1)


@pytest.mark.parametrize(
    "uri",
    [
        "https://elsewhere.example/a.jpg",
        "http://images.example/a.jpg",
        "https://images.example:8443/a.jpg",
        "file:///etc/passwd",
        "https://images.example.evil.example/a.jpg",
        "https://images.example@evil.example/a.jpg",
    ],
)
def test_what_is_not_on_the_list_is_refused(uri: str) -> None:
    with pytest.raises(UriNotAllowedError):
        fetch(uri, "images.example")


@pytest.mark.parametrize("address", ["10.0.0.7", "127.0.0.1", "169.254.169.254", "::1", "fd00::7", "0.0.0.0"])  # noqa: S104
def test_a_name_that_leads_into_a_private_network_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_: object, **__: object) -> list[tuple[object, ...]]:
        public = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("1.1.1.1", 443))
        return [public, (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(UriNotAllowedError, match="private network"):
        fetch("https://images.example/a.jpg", "images.example")


def test_a_passed_deadline_is_told(site: str) -> None:
    with pytest.raises(DeadlineTooShortError):
        fetch(f"{site}/picture", site, seconds=0)


def test_a_cancelled_call_stops_fetching(site: str) -> None:
    cancellation = Cancellation()
    cancellation.cancel(CancelledError("The caller cancelled."))
    fetcher = Fetcher((site,), max_bytes=10**6)
    with pytest.raises(CancelledError):
        fetcher.fetch(f"{site}/picture", deadline=time.monotonic() + 5, check=cancellation.check)


def test_a_port_where_nobody_listens_is_unreachable() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        origin = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(UriUnreachableError):
            fetch(f"{origin}/a", origin)


def test_an_entry_of_the_list_is_https_unless_it_says_otherwise() -> None:
    assert Origin.of("Images.Example") == Origin("https", "images.example", 443)
    assert Origin.of("http://127.0.0.1:81") == Origin("http", "127.0.0.1", 81)


def test_an_entry_that_is_no_origin_is_refused() -> None:
    with pytest.raises(ValueError, match="neither a host nor"):
        Origin.of("ftp://images.example")
