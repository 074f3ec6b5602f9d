"""Who may work now, who waits, who is sent away at once."""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING, Final

from atelier_sdk.errors import DeadlineTooShortError, DrainingError, QueueFullError

from atelier_service.line import Line

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from atelier_sdk.capability import Limits

    from atelier_service.line import Place

_WEIGHT: Final = 0.3
_HALF_LIFE_SECONDS: Final = 30.0


class UsualTime:
    """The usual time of a call: an exponentially weighted mean that is forgotten while nothing is measured.

    Without forgetting, one slow call would refuse short deadlines for ever, because refused calls measure nothing.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._mean = 0.0
        self._taken_at = clock()

    def take(self, seconds: float) -> None:
        """Take one measured time into account."""
        self._mean = seconds if self._mean == 0 else (1 - _WEIGHT) * self.seconds() + _WEIGHT * seconds
        self._taken_at = self._clock()

    def seconds(self) -> float:
        """Return the usual time; 0 when nothing is known."""
        idle = self._clock() - self._taken_at
        return float(self._mean * 0.5 ** (idle / _HALF_LIFE_SECONDS))


class Admission:
    """Let `max_concurrency` calls work at once and `max_queue` wait, and refuse the others without any wait.

    Those that wait go in turns of their tenants. Where all places are taken, a tenant that has at least two calls fewer
    in them than another gets the place of that one's newest call: nobody's many calls keep out a single one.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._line = Line()
        self._usual: dict[str, UsualTime] = {}
        self._usual_call = UsualTime(clock)
        self._empty = asyncio.Event()
        self._empty.set()
        self.working = 0
        self.draining = False

    @property
    def busy(self) -> bool:
        """Say whether the next call would have to wait."""
        return self.working >= self._limits.max_concurrency

    @property
    def waiting(self) -> int:
        """Return how many calls wait."""
        return len(self._line)

    async def enter(self, operation: str, deadline: float, tenant: str = "", size: float = 1.0) -> None:
        """Wait for a slot, as `approach` does, and tell nobody."""
        async for _ in self.approach(operation, deadline, tenant, size):
            pass

    async def approach(
        self, operation: str, deadline: float, tenant: str = "", size: float = 1.0
    ) -> AsyncGenerator[int]:
        """Yield how many calls are served before this one, whenever that changes; at the end the slot is taken.

        Nothing is yielded where a slot is free. Closed before its end it takes no slot. `deadline` is in seconds of the
        clock, `size` how much work the call is beside a call of size 1 of the same operation.

        Raises DrainingError, QueueFullError (with the time after which trying again makes sense) at once or when the
        place is given to a tenant with fewer calls, DeadlineTooShortError at once when what is left cannot suffice, or
        when the deadline passes in the queue.
        """
        self._refuse(operation, deadline, tenant, size)
        place = self._join(tenant)
        self._fill()
        entered = False
        try:
            while position := place.position:
                yield position
                async with asyncio.timeout(max(0.0, deadline - self._clock())):
                    await place.moved(position)
            entered = True
        except TimeoutError:
            raise DeadlineTooShortError("The deadline passed while the call waited for its turn.") from None
        finally:
            if not entered:
                self._give_up(place)

    def leave(self, operation: str, seconds: float | None, size: float = 1.0) -> None:
        """Give a slot back; `seconds` is how long the work took, None where it was cut short."""
        self.working -= 1
        self._fill()
        if seconds is not None:
            self._usual.setdefault(operation, UsualTime(self._clock)).take(seconds / size)
            self._usual_call.take(seconds)

    def seconds_until(self, position: int) -> float:
        """Return about how long a call at a place waits: the calls before it, shared among the slots; 0 if unknown."""
        return self._usual_call.seconds() * position / self._limits.max_concurrency

    async def empty(self) -> None:
        """Wait until nobody works or waits."""
        await self._empty.wait()

    def _refuse(self, operation: str, deadline: float, tenant: str, size: float) -> None:
        if self.draining:
            raise DrainingError("The process is stopping and takes no new calls.", retry_after_seconds=1.0)
        left = deadline - self._clock()
        wait, usual = self._usual_wait(tenant), size * self._usual_time(operation)
        if self._full and not self._line.has_place_for(tenant):
            raise self._queue_full(tenant, "")
        if left <= wait + usual:
            needed = f"{wait + usual:.2f}"
            raise DeadlineTooShortError(
                f"{max(left, 0):.2f} seconds are left of the deadline, and the call would need about {needed}.",
                metadata={"left_seconds": f"{max(left, 0):.2f}", "needed_seconds": needed},
            )

    @property
    def _full(self) -> bool:
        return self.busy and self.waiting >= self._limits.max_queue

    def _join(self, tenant: str) -> Place:
        """Give a call that was not refused a place, where all are taken that of the newest call of who has most."""
        lost = self._line.clear_place() if self._full else None
        place = self._line.join(tenant)
        if lost is not None:
            lost.refuse(
                self._queue_full(lost.tenant, " This call's place was given to a caller with fewer calls in it.")
            )
        return place

    def _queue_full(self, tenant: str, why: str) -> QueueFullError:
        return QueueFullError(
            f"The queue is full: {self.working} calls are worked on, {self.waiting} wait.{why}",
            metadata={"working": str(self.working), "waiting": str(self.waiting)},
            retry_after_seconds=_tenths(self._usual_wait(tenant)),
        )

    def _usual_time(self, operation: str) -> float:
        return self._usual[operation].seconds() if operation in self._usual else 0.0

    def _usual_wait(self, tenant: str) -> float:
        """Return how long a newcomer would wait."""
        return self.seconds_until(self._line.next_position(tenant)) if self.busy else 0.0

    def _give_up(self, place: Place) -> None:
        """Leave the line, or where the turn had come give the slot to the next; a lost place is left already."""
        if place.position == 0:
            self.working -= 1
        elif place.refusal is None:
            self._line.leave(place)
        self._fill()

    def _fill(self) -> None:
        """Give free slots to those whose turn it is."""
        while self._line and not self.busy:
            self._line.step()
            self.working += 1
        if self.working == 0:
            self._empty.set()
        else:
            self._empty.clear()


def _tenths(seconds: float) -> float:
    """Round a waiting time up to tenths of a second; at least one."""
    return max(1, math.ceil(10 * seconds)) / 10
