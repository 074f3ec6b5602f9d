"""The one thread that drawing is done in, and how others follow it."""

from __future__ import annotations

import queue
import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    Event = TypeVar("Event")
    Tell = Callable[[Event], None]

_LOOK_SECONDS: Final = 0.1


class LeftError(Exception):
    """Nobody follows the work any more."""


class Bench:
    """Does one piece of work at a time: two on one device take as long as one after the other, and twice the memory.

    Always in the same thread, since PyTorch keeps a pool of threads for each that computes.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="drawing")
        self._busy = threading.Event()

    @property
    def is_busy(self) -> bool:
        """Say whether somebody's work is being done."""
        return self._busy.is_set()

    def follow(
        self, work: Callable[[Tell[Event], Callable[[], None]], None], check: Callable[[], None]
    ) -> Generator[Event]:
        """Do a piece of work when its turn has come, and yield what it tells on the way.

        The work is given what it tells events to, and what it calls between any two steps, which raises when the work
        is to stop: what `check` raises, or because the generator was closed. `check` is called while it waits, too.
        Raises what the work raises. When the generator is left, the work has stopped.
        """
        events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        left = threading.Event()

        def go_on() -> None:
            if left.is_set():
                raise LeftError
            check()

        done = self._thread.submit(self._do, work, events.put, go_on)
        done.add_done_callback(lambda _: events.put(None))
        try:
            while (event := self._next(events, done, check)) is not None:
                yield event
            done.result()
        finally:
            left.set()
            if not done.cancel():
                wait([done])

    def _do(self, work: Callable[..., None], tell: Callable[[Any], None], go_on: Callable[[], None]) -> None:
        self._busy.set()
        try:
            go_on()
            work(tell, go_on)
        finally:
            self._busy.clear()

    def _next(self, events: queue.SimpleQueue[Event | None], done: Future[None], check: Callable[[], None]) -> Any:
        while True:
            try:
                return events.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                # Once it is begun, the work itself asks, between two steps.
                if not done.running():
                    check()
