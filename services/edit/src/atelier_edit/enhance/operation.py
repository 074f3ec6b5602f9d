"""Carry an enhancement out in one pass over the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from atelier_imaging.strips import Stage, render

from atelier_edit.enhance.grain import SmartGrainStage
from atelier_edit.enhance.sharpen import SharpenStage
from atelier_edit.enhance.transition import OFFSET

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_imaging.picture import Picture
    from numpy.typing import NDArray

    from atelier_edit.enhance.plan import EnhancePlan
    from atelier_edit.enhance.view import View


def enhance(picture: Picture, plan: EnhancePlan, check: Callable[[], None] = lambda: None) -> Picture:
    """Answer the enhanced picture; where the plan changes nothing, the picture itself.

    `check` is called now and then and may raise to stop the work.
    """
    stages = _stages(picture, plan)
    if not stages:
        return picture
    if plan.sharpen > 0 or plan.view is None:
        return picture.with_pixels(render(picture.pixels, stages, check))
    # Only the face's rows change; the others need not become floating point and back.
    rows = plan.view.rows
    pixels = picture.pixels.copy()
    pixels[rows] = render(picture.pixels[rows], [_From(rows.start, stage) for stage in stages], check)
    return picture.with_pixels(pixels)


def _stages(picture: Picture, plan: EnhancePlan) -> list[Stage]:
    """Make the stages of what is to be done."""
    stages: list[Stage] = []
    if plan.view is not None:
        factors = [each for each in (plan.gain, plan.colour_gain) if each is not None]
        stages += [_GainStage(plan.view, each, plan.reach) for each in factors]
        if plan.grain is not None and plan.grain.any():
            stages.append(SmartGrainStage(plan.view, plan.grain, picture.pixels.shape[:2], _seed(picture)))
    if plan.sharpen > 0:
        stages.append(SharpenStage(picture.pixels, picture.space, plan.sharpen))
    return stages


class _From:
    """A pass stage over rows of which the first is another one's row `start`."""

    def __init__(self, start: int, stage: Stage) -> None:
        self._start = start
        self._stage = stage

    def __call__(self, rows: NDArray[np.float32], top: int) -> None:
        """Do the stage's work on display-encoded `rows`, float32 (h, w, 3), in place."""
        self._stage(rows, self._start + top)


class _GainStage:
    """A pass stage that multiplies light by smooth factors over a view, where a mask (H, W) is above 0."""

    def __init__(self, view: View, factors: NDArray[np.float32], mask: NDArray[np.float32]) -> None:
        self._view = view
        self._factors = factors
        self._mask = mask

    def __call__(self, rows: NDArray[np.float32], top: int) -> None:
        """Multiply display-encoded `rows`, float32 (h, w, 3), in place."""
        part = self._view.within(top, len(rows))
        if part is None:
            return
        factors = part.of(self._factors)
        if factors.ndim == 2:
            factors = factors[..., None]
        inside = rows[part.rows, self._view.columns]
        mask = self._mask[top + part.rows.start : top + part.rows.stop, self._view.columns, None]
        changed = (inside + OFFSET) * factors - OFFSET
        np.copyto(inside, changed, where=mask > 0)


def _seed(picture: Picture) -> int:
    """Draw the grain's seed from the picture itself: the same picture, the same grain."""
    return int(picture.source.sha256[:15] or "0", 16)
