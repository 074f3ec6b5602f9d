"""Drift: how far an edit has moved a face from itself, region by region: its geometry and the tone of its skin.

The two pictures need not be of one size or framing: meshes are laid onto each other, and skin is compared by the median
colour of each patch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from atelier_imaging import topology
from atelier_imaging.color import delta_e_2000, rgb_to_lab
from atelier_imaging.faceframe import unit_pixels
from atelier_imaging.impression import impressions
from atelier_imaging.measures import Measure, global_shift, judged, not_measurable
from atelier_imaging.measures.colour import MINIMUM_PIXELS, SKIN_DELTA_E
from atelier_imaging.measures.geometry import GEOMETRY_DRIFT, aligned
from atelier_imaging.measures.impression import apparent_age_shift, expression_shift
from atelier_imaging.measures.shift import GLOBAL_SHIFT
from atelier_imaging.region import Region
from atelier_sdk.errors import ModelNotInstalledError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from atelier_imaging.face import Face
    from atelier_imaging.models import ModelRunner
    from atelier_imaging.portrait import Portrait
    from numpy.typing import NDArray

_POINTS: Final[Mapping[Region, tuple[int, ...]]] = {
    Region.FACE: tuple(range(topology.FACE_POINTS)),
    Region.EYES: (*topology.RIGHT_EYE, *topology.LEFT_EYE),
    Region.BROWS: (*topology.RIGHT_BROW, *topology.LEFT_BROW),
    Region.LIPS: (*topology.LIPS_OUTER, *topology.LIPS_INNER),
    Region.FOREHEAD: topology.FOREHEAD,
    Region.LEFT_CHEEK: topology.LEFT_CHEEK,
    Region.RIGHT_CHEEK: topology.RIGHT_CHEEK,
}
_SKIN: Final = (Region.FOREHEAD, Region.LEFT_CHEEK, Region.RIGHT_CHEEK)
_PERCENTILE: Final = 95
_CERTAIN: Final = 0.8


def geometry(before: Face, after: Face) -> Iterator[Measure]:
    """Measure how far landmarks have moved against each other: of the whole face, then of each region.

    The faces may differ in size, place and pose: `after` is laid onto `before` by the similarity of least squares in
    three dimensions, and what remains is measured in the picture's plane, in units of the distance between the pupils.
    """
    first, second = (face.mesh[: topology.FACE_POINTS].astype(np.float64) for face in (before, after))
    residual = np.linalg.norm((aligned(second, first) - first)[:, :2], axis=1) / unit_pixels(before)
    for region, points in _POINTS.items():
        value = float(np.percentile(residual[list(points)], _PERCENTILE))
        explanation = f"Landmarks moved by {100 * value:.2f} % of the distance between the pupils."
        yield judged("geometry_drift", value, "interocular", GEOMETRY_DRIFT, explanation, region)


def impression(before: tuple[Portrait, Face], after: tuple[Portrait, Face], models: ModelRunner) -> Iterator[Measure]:
    """Measure how far the age and the expression that the faces read as have moved, where those networks are there."""
    try:
        first, second = (impressions(portrait.picture.pixels, [face], models)[0] for portrait, face in (before, after))
    except ModelNotInstalledError as error:
        yield not_measurable("apparent_age_shift", "years", None, str(error), Region.FACE)
        yield not_measurable("expression_shift", "share", None, str(error), Region.FACE)
    else:
        yield apparent_age_shift(first, second)
        yield expression_shift(first, second)


def skin(before: tuple[Portrait, Face], after: tuple[Portrait, Face]) -> Iterator[Measure]:
    """Measure how far the colour of forehead and cheeks has moved, and the typology angle of the skin."""
    for region in _SKIN:
        first, second = (_patch(portrait, face, region) for portrait, face in (before, after))
        if first is None or second is None:
            why = f"Fewer than {MINIMUM_PIXELS} pixels of skin are visible there in one of the pictures."
            yield not_measurable("skin_delta_e", "delta_e_2000", SKIN_DELTA_E, why, region)
            continue
        value = float(delta_e_2000(first, second))
        explanation = f"The colour of the skin moved by {value:.2f} (CIEDE2000; about 1 is the least that can be seen)."
        yield judged("skin_delta_e", value, "delta_e_2000", SKIN_DELTA_E, explanation, region)
    angles = [portrait.ita_degrees(face) for portrait, face in (before, after)]
    if angles[0] is None or angles[1] is None:
        why = "Skin is covered, or one of the pictures has no colour."
        yield not_measurable("skin_ita_shift", "degrees", None, why, Region.SKIN)
    else:
        value = angles[1] - angles[0]
        lighter = "lighter" if value > 0 else "darker"
        yield judged(
            "skin_ita_shift", value, "degrees", None, f"The skin is {abs(value):.1f} degrees {lighter}.", Region.SKIN
        )


def framing(before: Portrait, after: Portrait) -> Measure:
    """Measure by how many pixels the picture as a whole has moved, where both are of one size."""
    first, second = before.picture, after.picture
    if first.pixels.shape != second.pixels.shape or first.space is not second.space:
        why = "The pictures differ in size or colour space; they cannot be laid on each other."
        return not_measurable("global_shift", "px", GLOBAL_SHIFT, why)
    pixels = [_as_bytes(picture.pixels) for picture in (first, second)]
    return global_shift(pixels[0], pixels[1], first.space)


def _patch(portrait: Portrait, face: Face, region: Region) -> NDArray[np.float32] | None:
    """Return the median colour of a patch of skin in CIELAB, None where too little of it shows."""
    skin = portrait.picture.pixels[portrait.mask(region, face) > _CERTAIN]
    if len(skin) < MINIMUM_PIXELS:
        return None
    return np.asarray(np.median(rgb_to_lab(skin, portrait.picture.space), axis=0), np.float32)


def _as_bytes(pixels: NDArray[np.uint8 | np.uint16]) -> NDArray[np.uint8]:
    return (pixels >> 8).astype(np.uint8) if pixels.dtype == np.uint16 else pixels.astype(np.uint8, copy=False)
