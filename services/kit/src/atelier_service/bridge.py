"""Wait in a worker thread for what happens on the event loop."""

from __future__ import annotations

import asyncio
import concurrent.futures
import time
from typing import TYPE_CHECKING, TypeVar

from atelier_sdk.errors import DeadlineTooShortError, DrainingError

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from atelier_service.cancellation import Cancellation

Result = TypeVar("Result")


class Bridge:
    """Run coroutines on `loop` for worker threads, within a call's deadline and until it is cancelled."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def wait(self, work: Coroutine[object, object, Result], *, cancellation: Cancellation, deadline: float) -> Result:
        """Return what `work` returns, or raise what it raises.

        When the call is cancelled or its time (`deadline`, of `time.monotonic()`) is over, `work` is cancelled at once
        and the reason raised.
        """
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        forget = cancellation.on_cancel(future.cancel)
        try:
            concurrent.futures.wait([future], timeout=max(0.0, deadline - time.monotonic()))
            if not future.done():
                future.cancel()
                cancellation.check()
                raise DeadlineTooShortError("The deadline passed while the call was worked on.")
            return future.result()
        except concurrent.futures.CancelledError:
            cancellation.check()
            raise DrainingError("The process is stopping.") from None
        finally:
            forget()
