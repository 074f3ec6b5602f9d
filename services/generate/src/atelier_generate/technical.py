"""What can be said of a candidate without a critic: whether it has a face, open eyes, sharpness and a good exposure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import cv2
from atelier_imaging.crop import Crop, sample
from atelier_imaging.measures import Gate, Measure, Verdict, judged, not_measurable
from atelier_imaging.region import Region

if TYPE_CHECKING:
    import numpy as np
    from atelier_imaging.face import Face
    from atelier_imaging.portrait import Portrait
    from numpy.typing import NDArray

ONE_FACE: Final = Gate(minimum=1, maximum=1)
# All but the last hundredth of 127 photographed portraits pass.
EYES_OPEN: Final = Gate(minimum=0.17, fail_below=0.10)
SHARPNESS: Final = Gate(minimum=0.0095, fail_below=0.005)
CLIPPED: Final = Gate(maximum=0.026, fail_above=0.10)

_NAMES: Final = frozenset({"faces", "eyes_open", "sharpness", "clipped"})

# A face is looked at where the pupils are this many pixels apart, whatever its own size.
_SEEN_INTEROCULAR: Final = 64.0
_SEEN: Final = 160
_NEARLY: Final = 2.5 / 255


def technical_measures(portrait: Portrait) -> tuple[Measure, ...]:
    """Measure a candidate's largest face."""
    count = len(portrait.faces)
    seen = judged("faces", count, "count", ONE_FACE, f"{count} faces were found.", Region.FACE)
    if not count:
        why = "The candidate has no face."
        rest = (("eyes_open", "ratio", EYES_OPEN), ("sharpness", "contrast", SHARPNESS), ("clipped", "share", CLIPPED))
        return (seen, *(not_measurable(name, unit, gate, why, Region.FACE) for name, unit, gate in rest))
    face = portrait.faces[0]
    tile = _tile(portrait, face)
    return seen, _eyes_open(face), _sharpness(tile), _clipped(tile)


def held(measures: tuple[Measure, ...]) -> int:
    """Count the technical gates that are held, whatever else was measured."""
    return sum(one.name in _NAMES and one.verdict is Verdict.PASS for one in measures)


def _tile(portrait: Portrait, face: Face) -> NDArray[np.float32]:
    """Draw the face, upright, float32 (160, 160, 3), display-encoded 0..1, 64 pixels between the pupils."""
    x, y = face.mesh[:, :2].mean(axis=0)
    side = face.interocular_pixels * _SEEN / _SEEN_INTEROCULAR
    crop = Crop(float(x), float(y), side, math.radians(face.pose.roll_degrees))
    return sample(portrait.picture.pixels, crop, _SEEN)


def _eyes_open(face: Face) -> Measure:
    value = min(face.expression.left_eye_open, face.expression.right_eye_open)
    explanation = "Opening over width of the eye that is less open."
    return judged("eyes_open", value, "ratio", EYES_OPEN, explanation, Region.FACE)


def _sharpness(tile: NDArray[np.float32]) -> Measure:
    """Measure the contrast of what is two pixels wide and finer, on a face of 64 pixels between the pupils."""
    luma = cv2.cvtColor(tile, cv2.COLOR_RGB2GRAY)
    fine = luma - cv2.GaussianBlur(luma, (0, 0), 1.0)
    explanation = "Root mean square of the finest detail of the face, display-encoded."
    return judged("sharpness", float(fine.std()), "contrast", SHARPNESS, explanation, Region.FACE)


def _clipped(tile: NDArray[np.float32]) -> Measure:
    """Measure how much of the face is burnt out or sunk into black."""
    burnt = (tile.max(axis=2) >= 1.0 - _NEARLY) | (tile.max(axis=2) <= _NEARLY)
    explanation = "Share of the face's pixels that are burnt out or black."
    return judged("clipped", float(burnt.mean()), "share", CLIPPED, explanation, Region.FACE)
