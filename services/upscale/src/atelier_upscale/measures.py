"""What is measured of an enlargement: whether it is still the picture, and whether edges stayed edges."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.extent import bounds, box_of
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
from atelier_imaging.region import Region
from atelier_imaging.transfer import quantised, to_float

from atelier_upscale.overshoot import overshoot, times
from atelier_upscale.resample import resized, shrunk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atelier_imaging.face import Face
    from atelier_imaging.picture import Picture
    from atelier_imaging.portrait import Portrait
    from atelier_imaging.vips import Pixels

    from atelier_upscale.plan import Plan

DOWNSCALED_PSNR: Final = Gate(minimum=38.0, fail_below=34.0)
_TEXTURE_REGIONS: Final = (Region.FOREHEAD, Region.LEFT_CHEEK, Region.RIGHT_CHEEK)
# Landmarks of a smaller face move by more than is allowed where nothing but its sharpness changes, on portraits.
_STEADY_INTEROCULAR: Final = 40.0
# Skin around a patch, in pixels, so that the patch's edge is interpolated from what was there.
_AROUND_SKIN: Final = 4
_NO_FACE: Final = "There is no face in the picture."


def measure(portrait: Portrait, enlarged: Portrait, plan: Plan, face: Face | None) -> tuple[Measure, ...]:
    """Measure an enlargement against the portrait that it was made from.

    Most is measured on the enlargement made as small as the portrait, where the two can be laid over each other. `face`
    is the one that skin and proportions are measured on, None where there is none.
    """
    picture, larger = portrait.picture, enlarged.picture
    small = larger.pixels if larger.pixels.shape == picture.pixels.shape else shrunk(larger.pixels, *_shape(picture))
    taken = [_likeness(picture, small, plan), global_shift(picture.pixels, small, picture.space)]
    taken += _on_skin(portrait, larger, small, face)
    taken.append(_proportions(portrait, enlarged, face))
    taken.append(overshoot(picture.pixels, larger.pixels, _middle(portrait, face)))
    return tuple(taken)


def _likeness(picture: Picture, small: Pixels, plan: Plan) -> Measure:
    weight = None if picture.alpha is None else (picture.alpha > 0).astype(np.float32)
    gate = DOWNSCALED_PSNR if plan.is_exact else None
    # Numbers that agree have no noise at all; nothing finite says that, and 100 dB is beyond what 16 bits tell apart.
    value = min(psnr(picture.pixels, small, weight), 100.0)
    return judged(
        "downscaled_psnr", value, "db", gate, f"Made small again, the result is the picture within {value:.1f} dB."
    )


def _on_skin(portrait: Portrait, larger: Picture, small: Pixels, face: Face | None) -> Iterator[Measure]:
    """Measure texture and colour of the skin."""
    if face is None:
        yield not_measurable("texture_ratio", "ratio", None, _NO_FACE, Region.SKIN)
        yield not_measurable("skin_delta_e", "delta_e_2000", SKIN_DELTA_E, _NO_FACE, Region.SKIN)
        return
    for region in _TEXTURE_REGIONS:
        yield _texture(portrait, larger, face, region)
    picture = portrait.picture
    yield skin_delta_e(picture.pixels, small, portrait.mask(Region.SKIN, face), picture.space, face.interocular_pixels)


def _texture(portrait: Portrait, larger: Picture, face: Face, region: Region) -> Measure:
    """Measure the texture of a patch of skin against what interpolation makes of it, at the size of the result."""
    mask = portrait.mask(region, face)
    window = bounds(mask > 0.5, margin=_AROUND_SKIN)
    if window is None:
        return not_measurable("texture_ratio", "ratio", None, "No skin is visible there.", region)
    by = larger.width / portrait.picture.width
    after = larger.pixels[times(window[0], by), times(window[1], by)]
    before = resized(to_float(portrait.picture.pixels[window]), *after.shape[:2])
    weight = np.asarray(cv2.resize(mask[window], after.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32)
    depth, space = after.dtype.itemsize * 8, larger.space
    distance = by * face.interocular_pixels
    taken = texture_ratio(quantised(before, depth), after, weight, space, distance, region, None)
    if taken.value is None:
        return taken
    box = box_of(mask > 0.5)
    explanation = f"Skin has {100 * taken.value:.0f} % of the fine texture that interpolation gives it."
    return replace(taken, box=box, explanation=explanation)


def _proportions(portrait: Portrait, enlarged: Portrait, face: Face | None) -> Measure:
    """Find the face in the enlargement and compare its landmarks."""
    name, unit, gate = "geometry_drift", "interocular", GEOMETRY_DRIFT
    if face is None:
        return not_measurable(name, unit, gate, _NO_FACE, Region.FACE)
    if face.interocular_pixels < _STEADY_INTEROCULAR:
        distance = face.interocular_pixels
        why = f"The pupils are {distance:.0f} pixels apart; landmarks keep still from {_STEADY_INTEROCULAR:g} on."
        return not_measurable(name, unit, gate, why, Region.FACE)
    by = enlarged.picture.width / portrait.picture.width
    x, y = face.box.left + face.box.width / 2, face.box.top + face.box.height / 2
    found = [each for each in enlarged.faces if each.box.contains(x * by, y * by)]
    if not found:
        why = "The face was not found again in the enlargement."
        return not_measurable(name, unit, gate, why, Region.FACE)
    return geometry_drift(face.mesh[:, :2], found[0].mesh[:, :2] / by, face.interocular_pixels)


def _middle(portrait: Portrait, face: Face | None) -> tuple[float, float]:
    if face is None:
        return portrait.picture.width / 2, portrait.picture.height / 2
    return face.box.left + face.box.width / 2, face.box.top + face.box.height / 2


def _shape(picture: Picture) -> tuple[int, int]:
    return picture.height, picture.width
