"""The operation: a picture in, a larger one out, tile by tile."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
from atelier_imaging.strips import to_float
from atelier_imaging.transfer import quantised

from atelier_upscale.enlarge import Pass
from atelier_upscale.pace import refuse_if_late
from atelier_upscale.regrain import grained
from atelier_upscale.resample import resized
from atelier_upscale.transparency import covered, enlarged_alpha

if TYPE_CHECKING:
    from collections.abc import Generator

    from atelier_imaging.picture import Picture
    from atelier_imaging.vips import Pixels
    from atelier_service.call import Call

    from atelier_upscale.pace import Pace
    from atelier_upscale.plan import Drawing, Plan
    from atelier_upscale.size import Size

FINISHING: Final = "finish"
"""The kind of work that measuring and encoding a result is, in pixels of the result."""


def carry_out(plan: Plan, picture: Picture, call: Call, pace: Pace) -> Generator[int, None, Picture]:
    """Make the result; yield after each batch of tiles how many are done.

    Between batches the call may be cancelled, and is given up as soon as its deadline cannot hold the tiles left.

    Raises CancelledError, DeadlineTooShortError, and what `ModelRunner.infer` raises.
    """
    alpha, pixels = picture.alpha, picture.pixels
    if plan.drawing is not None:
        if alpha is not None:
            pixels = covered(pixels, alpha)
            alpha = enlarged_alpha(alpha, plan.result.height, plan.result.width)
        pixels = yield from _drawn(plan.drawing, pixels, plan.result, call, pace)
    if plan.grain is not None:
        pixels = grained(pixels, plan.grain, call.check)
    return replace(picture, pixels=pixels, alpha=alpha)


class Watch:
    """Watches the tiles of a call: each is timed, and the call is given up as soon as it cannot be in time."""

    def __init__(self, drawing: Drawing, result: Size, call: Call, pace: Pace) -> None:
        """Raise DeadlineTooShortError where earlier calls say that this one cannot be in time."""
        self._grid = drawing.grid
        self._kind = f"{drawing.manner.networks.faithful} {'restoring' if drawing.manner.restores else ''}"
        self._result = result
        self._call = call
        self._pace = pace
        self._done = 0
        self._at = time.monotonic()
        self._refuse_if_late()

    def note(self, done: int) -> None:
        """Note that so many tiles are done. Raises CancelledError and DeadlineTooShortError."""
        now = time.monotonic()
        self._pace.take(self._kind, self._pixels(done - self._done), now - self._at)
        self._at, self._done = now, done
        self._call.check()
        self._refuse_if_late()

    def _refuse_if_late(self) -> None:
        left = self._grid.count - self._done
        needed = self._pace.seconds(self._kind, self._pixels(left))
        needed += self._pace.seconds(FINISHING, self._result.pixels)
        refuse_if_late(needed, self._call.remaining_seconds(), left)

    def _pixels(self, tiles: int) -> int:
        return tiles * self._grid.pixels_read // self._grid.count


def _drawn(drawing: Drawing, pixels: Pixels, result: Size, call: Call, pace: Pace) -> Generator[int, None, Pixels]:
    """Take pixels through the network, and interpolate what it does not give."""
    watch = Watch(drawing, result, call, pace)
    is_last = drawing.size == result
    # What is interpolated further keeps 16 bits until then, so that it is rounded to 8 only once.
    dtype = pixels.dtype if is_last else np.dtype(np.uint16)
    work = Pass(pixels, drawing.size, drawing.manner, drawing.grid, dtype).run(call.models)
    while True:
        try:
            done = next(work)
        except StopIteration as end:
            larger: Pixels = end.value
            break
        watch.note(done)
        yield done
    if is_last:
        return larger
    return quantised(resized(to_float(larger), result.height, result.width), pixels.dtype.itemsize * 8)
