"""Who is let in: nobody while the gateway drains, no more calls than a capability has room for, no more bytes than fit.

Whoever is refused is refused at once, before the message is read; nobody waits here.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Final

from atelier_sdk.errors import DrainingError, QueueFullError

if TYPE_CHECKING:
    from collections.abc import Callable

_SMOOTHING: Final = 0.1
# Above its room a capability is handed at most as many calls again: each is refused there, or takes another's place.
_OVER: Final = 2
_RETRY_SECONDS: Final = (0.1, 30.0)


class Lane:
    """The calls of one capability: how many are in flight, whose, how many may be, and how long one usually takes."""

    __slots__ = ("calls", "mean_seconds", "name", "room", "tenants")

    def __init__(self, name: str, room: Callable[[], int]) -> None:
        self.name = name
        self.room = room
        self.calls = 0
        self.mean_seconds = 1.0
        self.tenants: Counter[str] = Counter()

    def takes(self, tenant: str) -> bool:
        """Say whether a call may go on: there is room, or another tenant has at least two calls more in flight.

        Without room the service decides, which knows who waits there: it refuses the call, or gives it the place of the
        other tenant's newest.
        """
        room = self.room()
        if self.calls < room:
            return True
        return self.calls < _OVER * room and max(self.tenants.values(), default=0) >= self.tenants[tenant] + 2

    def count(self, tenant: str, calls: int) -> None:
        """Count calls of a tenant that come in, or with a negative number go out."""
        self.calls += calls
        self.tenants[tenant] += calls
        if not self.tenants[tenant]:
            del self.tenants[tenant]

    def full(self) -> QueueFullError:
        """Return the refusal of a call for which there is no room; a place comes free in about one usual call."""
        low, high = _RETRY_SECONDS
        return QueueFullError(
            f"{self.name} has no room: {self.calls} calls are in flight.",
            metadata={"capability": self.name, "in_flight": str(self.calls)},
            retry_after_seconds=round(min(max(self.mean_seconds, low), high), 3),
        )


class Gate:
    """Counts calls and bytes in flight through the whole gateway."""

    def __init__(self, byte_budget: int) -> None:
        self.byte_budget = byte_budget
        self.calls = 0
        self.bytes = 0
        self.draining = False
        self._idle = asyncio.Event()
        self._idle.set()

    def enter(self, lane: Lane, tenant: str = "") -> None:
        """Take a place for a tenant. Raises DrainingError, or QueueFullError when no place or no byte is free."""
        if self.draining:
            raise DrainingError("The gateway is stopping and takes no new calls.", retry_after_seconds=1.0)
        if not lane.takes(tenant) or self.bytes >= self.byte_budget:
            raise lane.full()
        lane.count(tenant, 1)
        self.calls += 1
        self._idle.clear()

    def leave(self, lane: Lane, seconds: float, tenant: str = "") -> None:
        """Give a place back after a call that took so many seconds."""
        lane.mean_seconds += _SMOOTHING * (seconds - lane.mean_seconds)
        lane.count(tenant, -1)
        self.calls -= 1
        if not self.calls:
            self._idle.set()

    def admits(self, size: int) -> bool:
        """Tell whether a message of `size` bytes fits; one that is alone always does."""
        return not self.bytes or self.bytes + size <= self.byte_budget

    async def drained(self, seconds: float) -> bool:
        """Let nobody in any more and wait until all calls have ended; False when time is up before."""
        self.draining = True
        try:
            await asyncio.wait_for(self._idle.wait(), seconds)
        except TimeoutError:
            return False
        return True
