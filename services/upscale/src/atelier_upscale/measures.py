"""What is measured of an enlargement: whether it is still the picture, and whether edges stayed edges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.likeness import psnr
from atelier_imaging.measures import (
    Gate,
    Measure,
    geometry_drift,
    global_shift,
    judged,
    not_measurable,
    skin_delta_e,
    texture_ratio,
)
from atelier_imaging.measures.colour import SKIN_DELTA_E
from atelier_imaging.measures.geometry import GEOMETRY_DRIFT
from atelier_imaging.measures.texture import TEXTURE_RATIO
from atelier_imaging.region import Region
from atelier_imaging.transfer import to_float

from atelier_upscale.resample import shrunk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atelier_imaging.face import Face
    from atelier_imaging.picture import Picture
    from atelier_imaging.portrait import Portrait
    from atelier_imaging.vips import Pixels
    from numpy.typing import NDArray

    from atelier_upscale.plan import Plan

DOWNSCALED_PSNR: Final = Gate(minimum=38.0, fail_below=34.0)
# As much as a photographer's eye takes for sharpness; from 18 % on a bright line is seen beside a dark one.
OVERSHOOT: Final = Gate(maximum=0.08, fail_above=0.18)
_TEXTURE_REGIONS: Final = (Region.FOREHEAD, Region.LEFT_CHEEK, Region.RIGHT_CHEEK)
# The part that overshoot is measured on: at most so many pixels of the input on a side.
_PATCH_PIXELS: Final = 384
# An edge, display-encoded 0..1: what is between its two sides.
_NO_FACE: Final = "There is no face in the picture."
_EDGE: Final = 0.25
_WINDOW: Final = 5
_PERCENTILE: Final = 95
_LEAST_PIXELS: Final = 200
_LUMA: Final = np.array([[0.299, 0.587, 0.114]])


def measure(portrait: Portrait, enlarged: Portrait, plan: Plan, face: Face | None) -> tuple[Measure, ...]:
    """Measure an enlargement against the portrait that it was made from.

    Most is measured on the enlargement made as small as the portrait, where the two can be laid over each other. `face`
    is the one that skin and proportions are measured on, None where there is none.
    """
    picture, larger = portrait.picture, enlarged.picture
    small = larger.pixels if larger.pixels.shape == picture.pixels.shape else shrunk(larger.pixels, *_shape(picture))
    taken = [_likeness(picture, small, plan), global_shift(picture.pixels, small, picture.space)]
    taken += _on_skin(portrait, small, plan, face)
    taken.append(_proportions(portrait, enlarged, face))
    taken.append(overshoot(picture.pixels, larger.pixels, _middle(portrait, face)))
    return tuple(taken)


def overshoot(before: Pixels, after: Pixels, middle: tuple[float, float]) -> Measure:
    """Measure how far edges of an enlargement go beyond what lies on their two sides in the picture, over their height.

    `before` is (h, w, 3), `after` the enlargement. What counts is luma around `middle` (x, y), in pixels of `before`:
    where a window of five pixels spans an edge, how far the enlargement leaves the window's range; the 95th percentile.
    """
    name, unit = "overshoot", "ratio"
    rows, columns = (_around(at, side) for at, side in zip(middle[::-1], before.shape[:2], strict=True))
    own = _luma(before[rows, columns])
    high, low = _largest(own), -_largest(-own)
    height = high - low
    by = (after.shape[0] / before.shape[0], after.shape[1] / before.shape[1])
    part = _luma(after[_times(rows, by[0]), _times(columns, by[1])])
    size = (part.shape[1], part.shape[0])
    high, low, height = (_repeated(each, size) for each in (high, low, height))
    on_edge = height > _EDGE
    if np.count_nonzero(on_edge) < _LEAST_PIXELS:
        return not_measurable(name, unit, OVERSHOOT, "There are no plain edges in the picture.")
    beyond = np.maximum(np.maximum(part - high, low - part), 0.0)[on_edge] / height[on_edge]
    value = float(np.percentile(beyond, _PERCENTILE))
    explanation = f"Edges go beyond their two sides by {100 * value:.1f} % of their height."
    return judged(name, value, unit, OVERSHOOT, explanation)


def _likeness(picture: Picture, small: Pixels, plan: Plan) -> Measure:
    weight = None if picture.alpha is None else (picture.alpha > 0).astype(np.float32)
    gate = DOWNSCALED_PSNR if plan.is_exact else None
    # Numbers that agree have no noise at all; nothing finite says that, and 100 dB is beyond what 16 bits tell apart.
    value = min(psnr(picture.pixels, small, weight), 100.0)
    return judged(
        "downscaled_psnr", value, "db", gate, f"Made small again, the result is the picture within {value:.1f} dB."
    )


def _on_skin(portrait: Portrait, small: Pixels, plan: Plan, face: Face | None) -> Iterator[Measure]:
    """Measure texture and colour of the skin."""
    texture_gate = TEXTURE_RATIO if plan.is_exact else None
    if face is None:
        yield not_measurable("texture_ratio", "ratio", texture_gate, _NO_FACE, Region.SKIN)
        yield not_measurable("skin_delta_e", "delta_e_2000", SKIN_DELTA_E, _NO_FACE, Region.SKIN)
        return
    before, space, distance = portrait.picture.pixels, portrait.picture.space, face.interocular_pixels
    for region in _TEXTURE_REGIONS:
        yield texture_ratio(before, small, portrait.mask(region, face), space, distance, region, texture_gate)
    yield skin_delta_e(before, small, portrait.mask(Region.SKIN, face), space, distance)


def _proportions(portrait: Portrait, enlarged: Portrait, face: Face | None) -> Measure:
    """Find the face in the enlargement and compare its landmarks."""
    if face is None:
        return not_measurable("geometry_drift", "interocular", GEOMETRY_DRIFT, _NO_FACE, Region.FACE)
    by = enlarged.picture.width / portrait.picture.width
    x, y = face.box.left + face.box.width / 2, face.box.top + face.box.height / 2
    found = [each for each in enlarged.faces if each.box.contains(x * by, y * by)]
    if not found:
        why = "The face was not found again in the enlargement."
        return not_measurable("geometry_drift", "interocular", GEOMETRY_DRIFT, why, Region.FACE)
    return geometry_drift(face.mesh[:, :2], found[0].mesh[:, :2] / by, face.interocular_pixels)


def _middle(portrait: Portrait, face: Face | None) -> tuple[float, float]:
    if face is None:
        return portrait.picture.width / 2, portrait.picture.height / 2
    return face.box.left + face.box.width / 2, face.box.top + face.box.height / 2


def _shape(picture: Picture) -> tuple[int, int]:
    return picture.height, picture.width


def _around(at: float, side: int) -> slice:
    start = min(max(int(at) - _PATCH_PIXELS // 2, 0), max(side - _PATCH_PIXELS, 0))
    return slice(start, min(start + _PATCH_PIXELS, side))


def _times(part: slice, by: float) -> slice:
    return slice(round(part.start * by), max(round(part.stop * by), round(part.start * by) + 1))


def _luma(pixels: Pixels) -> NDArray[np.float32]:
    return np.asarray(cv2.transform(to_float(pixels), _LUMA), np.float32).reshape(pixels.shape[:2])


def _repeated(plane: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_NEAREST), np.float32)


def _largest(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.dilate(plane, np.ones((_WINDOW, _WINDOW), np.uint8)), np.float32)
