"""Running somebody else's function for no longer than a time."""

from __future__ import annotations

import contextvars
import queue
import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")


class TookTooLongError(Exception):
    """A function did not return in time; its thread is left to itself."""


class Threads:
    """Threads that one plugin's functions run in; those that never return are no more than `most`."""

    def __init__(self, most: int) -> None:
        self._free = threading.BoundedSemaphore(most)

    def within(self, seconds: float, function: Callable[[], Result]) -> Result:
        """Return what a function returns, or raise what it raises; a RuntimeError for what is no Exception.

        The thread is a daemon: one that hangs does not keep the process from ending. Raises TookTooLongError, at once
        where all threads hang already.
        """
        if not self._free.acquire(blocking=False):
            raise TookTooLongError("its earlier calls still hang")
        answers: queue.SimpleQueue[Result | _Raised] = queue.SimpleQueue()
        context = contextvars.copy_context()  # what is logged there belongs to the same request
        threading.Thread(target=context.run, args=(self._run, function, answers), daemon=True).start()
        try:
            answer = answers.get(timeout=seconds)
        except queue.Empty:
            raise TookTooLongError(f"it took longer than {seconds:g} s") from None
        if not isinstance(answer, _Raised):
            return answer
        if isinstance(answer.error, Exception):
            raise answer.error
        raise RuntimeError(f"{type(answer.error).__name__}: {answer.error}") from answer.error

    def _run(self, function: Callable[[], Result], answers: queue.SimpleQueue[Result | _Raised]) -> None:
        try:
            answer: Result | _Raised = function()
        except BaseException as error:  # noqa: BLE001 - a module that calls sys.exit ends its thread, not us
            answer = _Raised(error)
        finally:
            self._free.release()
        answers.put(answer)


class _Raised:
    def __init__(self, error: BaseException) -> None:
        self.error = error
