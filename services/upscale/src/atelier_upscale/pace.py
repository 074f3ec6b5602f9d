"""How long work takes here and now, so that what cannot be finished in time is not begun."""

from __future__ import annotations

import time
from threading import Lock
from typing import TYPE_CHECKING

from atelier_sdk.errors import DeadlineTooShortError
from atelier_service.admission import UsualTime

if TYPE_CHECKING:
    from collections.abc import Callable


class Pace:
    """The usual seconds per pixel of each kind of work, as measured; forgotten while nothing is measured.

    Shared by all calls of a process.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._usual: dict[str, UsualTime] = {}

    def take(self, kind: str, pixels: int, seconds: float) -> None:
        """Take into account that `pixels` of work took so long."""
        with self._lock:
            self._usual.setdefault(kind, UsualTime(self._clock)).take(seconds / max(pixels, 1))

    def seconds(self, kind: str, pixels: int) -> float:
        """Return how long so much work takes; 0 when nothing is known."""
        with self._lock:
            return self._usual[kind].seconds() * pixels if kind in self._usual else 0.0


def refuse_if_late(needed: float, left: float, tiles: int) -> None:
    """Raise DeadlineTooShortError when what is left of the deadline cannot hold the tiles that are left."""
    if left > needed:
        return
    raise DeadlineTooShortError(
        f"{max(left, 0):.1f} seconds are left of the deadline; the {tiles} tiles left would take about {needed:.1f}.",
        metadata={"left_seconds": f"{max(left, 0):.2f}", "needed_seconds": f"{needed:.2f}", "tiles": str(tiles)},
    )
