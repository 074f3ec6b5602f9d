"""Stop work that nobody waits for any more."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_sdk import AtelierError


class Cancellation:
    """Say to one call's worker, from another thread, that it is to stop and why.

    Python cannot interrupt a thread, so the worker asks between stages, and whoever waits for something on its behalf
    (a pending inference) registers how to give up waiting.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._error: AtelierError | None = None
        self._stops: dict[int, Callable[[], object]] = {}
        self._next = 0

    @property
    def error(self) -> AtelierError | None:
        """Return what the worker is to raise, or None while it may go on."""
        return self._error

    def cancel(self, error: AtelierError) -> None:
        """Stop the call with `error`; only the first reason counts."""
        with self._lock:
            if self._error is not None:
                return
            self._error = error
            stops = list(self._stops.values())
        for stop in stops:
            stop()

    def check(self) -> None:
        """Raise the reason if the call is stopped."""
        if self._error is not None:
            raise self._error

    def on_cancel(self, stop: Callable[[], object]) -> Callable[[], None]:
        """Have `stop` called on cancellation (at once if it has happened), and return what takes that back."""
        with self._lock:
            key = self._next
            self._next += 1
            self._stops[key] = stop
            happened = self._error is not None
        if happened:
            stop()
        return lambda: self._forget(key)

    def _forget(self, key: int) -> None:
        with self._lock:
            self._stops.pop(key, None)
