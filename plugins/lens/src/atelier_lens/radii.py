"""How far out of focus each part of a person is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from atelier_imaging.warp import resample

from atelier_lens.ask import Focus
from atelier_lens.defocus import SHARP_RADIUS
from atelier_lens.depth import depth_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atelier_imaging.face import Face
    from atelier_imaging.warp.grid import Grid
    from numpy.typing import NDArray

    from atelier_lens.plan import Plan


@dataclass(frozen=True, slots=True, eq=False)
class Radii:
    """The radius, in pixels, of the discs that a person is drawn with, float32 (rows, columns) at a grid's nodes."""

    grid: Grid
    nodes: NDArray[np.float32]

    @property
    def most(self) -> float:
        """Return the largest radius."""
        return float(self.nodes.max())

    def within(self, part: tuple[slice, slice]) -> NDArray[np.float32]:
        """Return the radius at each pixel of a part of the picture, 0 where it is sharp."""
        radius = resample.enlarged(self.nodes, self.grid, part, cv2.INTER_LINEAR)
        radius[radius < SHARP_RADIUS] = 0
        return radius


def radii_of(plan: Plan, faces: Sequence[Face], size: tuple[int, int]) -> Radii | None:
    """Return the radii of a plan's discs in a picture of (width, height) with faces; None where all is sharp."""
    if plan.optics is None or plan.face is None or plan.optics.aperture_mm == 0:
        return None
    others = [face for face in faces if face.index != plan.face.index]
    depth = depth_of(plan.face, others, size, plan.optics.distance_mm)
    limits = (depth.near_mm, depth.far_mm) if plan.ask.focus is Focus.FACE else (0.0, 0.0)
    nodes = plan.optics.disc_pixels(depth.towards_mm, *limits) / np.float32(2)
    radii = Radii(depth.grid, np.asarray(nodes, np.float32))
    return radii if radii.most >= SHARP_RADIUS else None
