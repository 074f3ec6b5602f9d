"""The operation: a picture in, a larger one out, tile by tile."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

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
    from atelier_upscale.plan import Plan
    from atelier_upscale.tiles import Grid

FINISHING = "finish"
"""The kind of work that measuring and encoding a result is, in pixels of the result."""


def carry_out(plan: Plan, picture: Picture, call: Call, pace: Pace) -> Generator[int, None, Picture]:
    """Make the result; yield after each batch of tiles how many are done.

    Between batches the call may be cancelled, and is given up as soon as its deadline cannot hold the tiles left.

    Raises CancelledError, DeadlineTooShortError, and what `ModelRunner.infer` raises.
    """
    alpha, pixels = picture.alpha, picture.pixels
    if not plan.sizes.keeps_picture:
        if alpha is not None:
            pixels = covered(pixels, alpha)
            alpha = enlarged_alpha(alpha, plan.sizes.result.height, plan.sizes.result.width)
        pixels = yield from _drawn(plan, pixels, call, Watch(plan, call, pace))
    if plan.grain is not None:
        pixels = grained(pixels, plan.grain, call.check)
    return replace(picture, pixels=pixels, alpha=alpha)


class Watch:
    """Watches the tiles of a call: each is timed, and the call is given up as soon as it cannot be in time."""

    def __init__(self, plan: Plan, call: Call, pace: Pace) -> None:
        """Raise DeadlineTooShortError where earlier calls say that this one cannot be in time."""
        self._plan = plan
        self._call = call
        self._pace = pace
        self._done = [0] * len(plan.grids)
        self._at = time.monotonic()
        self._refuse_if_late()

    def note(self, number: int, done: int) -> int:
        """Note that so many tiles of a pass are done, and return how many are of all passes.

        Raises CancelledError and DeadlineTooShortError.
        """
        now = time.monotonic()
        self._pace.take(self._kind(number), self._pixels(number, done - self._done[number]), now - self._at)
        self._at = now
        self._done[number] = done
        self._call.check()
        self._refuse_if_late()
        return sum(self._done)

    def _refuse_if_late(self) -> None:
        left = [each.count - done for each, done in zip(self._plan.grids, self._done, strict=True)]
        needed = self._pace.seconds(FINISHING, self._plan.sizes.result.pixels)
        for number, tiles in enumerate(left):
            needed += self._pace.seconds(self._kind(number), self._pixels(number, tiles))
        refuse_if_late(needed, self._call.remaining_seconds(), sum(left))

    def _kind(self, number: int) -> str:
        manner = self._plan.manners[number]
        return f"{manner.networks.faithful} {'restoring' if manner.restores else ''}"

    def _pixels(self, number: int, tiles: int) -> int:
        grid: Grid = self._plan.grids[number]
        return tiles * grid.pixels_read // grid.count


def _drawn(plan: Plan, pixels: Pixels, call: Call, watch: Watch) -> Generator[int, None, Pixels]:
    """Take pixels through the networks."""
    own_type = pixels.dtype
    passes = zip(plan.sizes.sizes[1:], plan.manners, plan.grids, strict=True)
    for number, (size, manner, grid) in enumerate(passes):
        # Between two passes numbers keep 16 bits, so that they are rounded to 8 only once.
        dtype = own_type if size == plan.sizes.result else np.uint16
        drawing = Pass(pixels, size, manner, grid, dtype).run(call.models)
        while True:
            try:
                done = next(drawing)
            except StopIteration as end:
                pixels = end.value
                break
            yield watch.note(number, done)
    result = plan.sizes.result
    if pixels.shape[:2] == (result.height, result.width):
        return pixels
    return quantised(resized(to_float(pixels), result.height, result.width), own_type.itemsize * 8)
