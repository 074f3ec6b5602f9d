"""How a service ended a call that was still being written to.

When a service answers before it has read everything, our next write fails, and grpc.aio then puts a status of its own
making (INTERNAL, "Internal error from Core") in the place of the service's: before the real one arrives or, which loses
it, after. Both are set with the call's done callbacks, so that is where the real one is caught.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, TypeVar

import grpc

if TYPE_CHECKING:
    from collections.abc import Coroutine

Result = TypeVar("Result")

_MADE_UP: Final = "Internal error from Core"
_WAIT_SECONDS: Final = 1.0


class Ending:
    """The status with which the service ended a call."""

    def __init__(self, call: grpc.aio.Call) -> None:
        self._heard = asyncio.Event()
        self._status: grpc.aio.AioRpcError | None = None
        call.add_done_callback(self._note)

    async def of(self, error: grpc.aio.AioRpcError) -> grpc.aio.AioRpcError:
        """Return what the service said, in the form of an error even if it said OK, in place of what `error` says."""
        if error.details() == _MADE_UP:
            try:
                await asyncio.wait_for(self._heard.wait(), _WAIT_SECONDS)
            except TimeoutError:
                return error
        return self._status or error

    def trailing_metadata(self) -> tuple[tuple[str, str | bytes], ...]:
        """Return the service's trailing metadata, as far as it is there."""
        return tuple(self._status.trailing_metadata() or ()) if self._status else ()

    def _note(self, call: grpc.aio.Call) -> None:
        details = _at_once(call.details())
        if details == _MADE_UP or self._status is not None:
            return
        self._status = grpc.aio.AioRpcError(
            _at_once(call.code()),
            _at_once(call.initial_metadata()),
            _at_once(call.trailing_metadata()),
            details,
        )
        self._heard.set()


def _at_once(coroutine: Coroutine[object, None, Result]) -> Result:
    """Run a coroutine that has nothing to wait for: the parts of a status are all there once it is."""
    try:
        coroutine.send(None)
    except StopIteration as returned:
        result: Result = returned.value
        return result
    coroutine.close()
    raise RuntimeError("a finished call has no status")
