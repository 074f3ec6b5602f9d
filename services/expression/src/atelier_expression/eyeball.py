"""One eye taken apart: the white, the iris as a whole disc, and the lights reflected in it.

When an eye looks elsewhere or its lids move, its parts move differently: the iris slides over the white, the lids slide
over both, and the catchlight, which is a mirror image of the lamp, keeps its direction. Each part is a picture of its
own, complete where the photograph shows only a piece, and holds the photograph's own pixels wherever it can.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.faceframe import fill
from atelier_imaging.guided import step
from atelier_imaging.topology import LEFT_EYE, LEFT_IRIS, RIGHT_EYE, RIGHT_IRIS
from atelier_imaging.warp.fill import filled
from atelier_imaging.warp.resample import sample

if TYPE_CHECKING:
    from atelier_imaging.vips import Pixels
    from numpy.typing import NDArray

OUTLINES: Final = ((LEFT_EYE, LEFT_IRIS), (RIGHT_EYE, RIGHT_IRIS))
# All shares of the eye's width: how far the picture around it reaches, how thick lashes and wet edge of the lids are,
# and how softly lids and iris end.
_AROUND: Final = 0.35
_LASHES: Final = 0.035
_SOFT: Final = 0.03
# Of the iris's radius: its soft rim, and how far outside it the white is sure to be white.
_RIM: Final = 0.09
_SURELY_WHITE: Final = 1.14
# A pixel of the iris that is brighter than its ring's median by this share of the range is a reflection.
_GLINT: Final = 0.22
_RINGS: Final = 12
# The cornea mirrors the lamp as a ball whose middle lies half as far from the eye's as the iris does: its mirror image
# goes half the iris's way.
_GLINT_FOLLOWS: Final = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Eyeball:
    """An eye's parts in a box of the picture whose top left pixel is (left, top); float32 in the picture's numbers.

    `white`, `iris` and `glint` are (h, w, 3), `lids` (h, w) 0..1 is where the lids let the eye be seen. `centre` (2,)
    and `radius` are the iris's, in pixels of the picture.
    """

    left: int
    top: int
    white: NDArray[np.float32]
    iris: NDArray[np.float32]
    glint: NDArray[np.float32]
    lids: NDArray[np.float32]
    centre: NDArray[np.float32]
    radius: float

    @property
    def box(self) -> tuple[slice, slice]:
        """Return the part of the picture that the eye's parts cover."""
        height, width = self.lids.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)

    def looking(self, places: NDArray[np.float32], shift: NDArray[np.float32]) -> NDArray[np.float32]:
        """Draw the eye with its iris moved by `shift` (2,) pixels at places (h, w, 2) of the picture, lids left out.

        Places count a pixel's middle as a whole number.
        """
        local = np.asarray(places - (self.left, self.top), np.float32)
        inner = np.asarray(local - shift, np.float32)
        away = (
            np.linalg.norm(inner - (self.centre - np.array([self.left + 0.5, self.top + 0.5], np.float32)), axis=-1)
            / self.radius
        )
        share = step(np.asarray(away, np.float32), 1 + _RIM, 1 - _RIM)[..., None]
        drawn = sample(self.white, local)
        drawn += share * (sample(self.iris, inner) - drawn)
        lights = sample(
            self.glint, np.asarray(local - np.float32(_GLINT_FOLLOWS) * shift, np.float32), cv2.INTER_LINEAR
        )
        return np.asarray(drawn + lights, np.float32)

    def opening(self, places: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return how much of the eye the lids show at places (h, w, 2), 0..1; nothing outside the box."""
        local = np.asarray(places - (self.left, self.top), np.float32)
        found = cv2.remap(self.lids, local, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)  # type: ignore[call-overload]
        return np.asarray(found, np.float32)


def eyeball(pixels: Pixels, mesh: NDArray[np.float32], side: int) -> Eyeball | None:
    """Take an eye apart, the subject's left (side 0) or right (side 1) one, of pixels (H, W, 3) and a mesh (478, 3).

    None where the eye lies outside the picture.
    """
    outline, rim = OUTLINES[side]
    lid = mesh[list(outline), :2]
    width = max(float(np.linalg.norm(lid[0] - lid[8])), 2.0)
    low, high = lid.min(axis=0) - _AROUND * width, lid.max(axis=0) + _AROUND * width
    left, top = (max(0, int(value)) for value in low)
    right, bottom = (min(limit, int(value) + 1) for value, limit in zip(high, pixels.shape[1::-1], strict=True))
    if right - left < 4 or bottom - top < 4:
        return None
    own = pixels[top:bottom, left:right].astype(np.float32)
    centre = mesh[rim[0], :2]
    radius = max(float(np.linalg.norm(mesh[list(rim[1:]), :2] - centre, axis=1).mean()), 1.0)
    visible = _visible(own.shape[:2], lid - (left, top), width)
    away = _distance(own.shape[:2], centre - (left, top)) / np.float32(radius)
    iris, glint = _iris(own, visible, away, centre - (left, top), radius, np.iinfo(pixels.dtype).max)
    white = _white(own - glint, visible, away)
    lids = np.asarray(cv2.GaussianBlur(visible, (0, 0), max(_SOFT * width / 2, 0.5)), np.float32)
    return Eyeball(left, top, white, iris, glint, lids, centre, radius)


def _visible(shape: tuple[int, ...], lid: NDArray[np.float32], width: float) -> NDArray[np.float32]:
    """Draw where the eye is seen between the lashes, 0..1."""
    mask = fill((shape[0], shape[1]), lid)
    inset = max(_LASHES * width, 0.5)
    depth = cv2.distanceTransform((mask > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(np.clip(depth - inset + 0.5, 0, 1), np.float32)


def _distance(shape: tuple[int, ...], centre: NDArray[np.float32]) -> NDArray[np.float32]:
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32) + np.float32(0.5)
    return np.asarray(np.hypot(columns - centre[0], rows - centre[1]), np.float32)


def _white(own: NDArray[np.float32], visible: NDArray[np.float32], away: NDArray[np.float32]) -> NDArray[np.float32]:
    """Complete the white behind iris and lids."""
    known = visible * step(away, _SURELY_WHITE - 0.08, _SURELY_WHITE + 0.04)
    return filled(own, known)


def _iris(
    own: NDArray[np.float32],
    visible: NDArray[np.float32],
    away: NDArray[np.float32],
    centre: NDArray[np.float32],
    radius: float,
    highest: float,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Complete the iris where lids and reflections cover it; return it and the reflections that lie on it."""
    seen = visible * (away < 1 + _RIM)
    rings = _rings(own, seen, away)
    excess = own.mean(axis=-1) - rings.mean(axis=-1)
    bright = ((excess > _GLINT * highest) & (seen > 0.5) & (away < 0.95)).astype(np.uint8)
    spread = max(1, round(0.08 * radius))
    reflecting = cv2.dilate(bright, np.ones((2 * spread + 1, 2 * spread + 1), np.uint8)).astype(np.float32)
    reflecting = np.asarray(cv2.GaussianBlur(reflecting, (0, 0), max(0.5, 0.05 * radius)), np.float32)
    known = seen * (1 - reflecting)
    # Where lids cover it, the iris is what it is on the other side of its middle, else what its ring is.
    rows, columns = np.mgrid[: own.shape[0], : own.shape[1]].astype(np.float32)
    opposite = np.stack([columns, np.float32(2 * centre[1] - 1) - rows], axis=-1)
    mirrored = sample(own, opposite, cv2.INTER_LINEAR)
    lent = sample(known, opposite, cv2.INTER_LINEAR)[..., None]
    behind = rings + lent * (mirrored - rings)
    iris = own + (1 - known)[..., None] * (behind - own)
    under = own + reflecting[..., None] * (iris - own)
    glint = np.clip(own - under, 0, None) * reflecting[..., None] * (seen > 0)[..., None]
    return np.asarray(iris, np.float32), np.asarray(glint, np.float32)


def _rings(own: NDArray[np.float32], seen: NDArray[np.float32], away: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the median colour of the iris at every distance from its middle, from what is seen of each ring."""
    edges = np.linspace(0, 1 + _RIM, _RINGS + 1)
    middles, colours = [], []
    for start, end in pairwise(edges):
        ring = (away >= start) & (away < end) & (seen > 0.5)
        if ring.any():
            middles.append((start + end) / 2)
            colours.append(np.median(own[ring], axis=0))
    if not middles:
        return np.broadcast_to(np.median(own, axis=(0, 1)), own.shape).astype(np.float32)
    table = np.array(colours)
    return np.stack([np.interp(away, middles, table[:, i]) for i in range(3)], axis=-1).astype(np.float32)
