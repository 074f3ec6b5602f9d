"""What is measured of an enhanced portrait: the contract of every edit, and that what was asked for came about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.extent import bounds
from atelier_imaging.measures import (
    Gate,
    Measure,
    global_shift,
    judged,
    not_measurable,
    outside_mask_difference,
    overshoot,
    seam,
    skin_delta_e,
    texture_ratio,
)
from atelier_imaging.measures.overshoot import OVERSHOOT
from atelier_imaging.region import Region
from atelier_imaging.strips import to_float

from atelier_edit.together import together

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atelier_imaging.picture import Picture
    from atelier_imaging.portrait import Portrait
    from atelier_imaging.vips import Pixels
    from numpy.typing import NDArray

    from atelier_edit.enhance.plan import EnhancePlan

# Detail is brought out and never taken away. Above, it is what was asked for.
TEXTURE: Final = Gate(minimum=0.95, maximum=1.45, fail_below=0.95, fail_above=2.0)
# A control that was asked for does something.
MORE_DETAIL: Final = Gate(minimum=1.0, fail_below=0.99)
_PATCHES: Final = (Region.FOREHEAD, Region.LEFT_CHEEK, Region.RIGHT_CHEEK)


def enhance_measures(portrait: Portrait, enhanced: Picture, plan: EnhancePlan) -> tuple[Measure, ...]:
    """Measure an enhanced picture against the portrait it was made from."""
    picture, face = portrait.picture, plan.face
    before, after, space = picture.pixels, enhanced.pixels, picture.space
    distance = face.interocular_pixels
    # What was drawn in is not to be compared with what the picture did not hold.
    texture, edges = (None, None) if plan.ask.flexible else (TEXTURE, OVERSHOOT)
    skin, whole_face = portrait.mask(Region.SKIN, face), portrait.mask(Region.FACE, face)
    patches = [(region, portrait.mask(region, face)) for region in _PATCHES]
    return together(
        lambda: [global_shift(before, after, space)],
        lambda: [texture_ratio(before, after, mask, space, distance, region, texture) for region, mask in patches],
        lambda: [
            skin_delta_e(before, after, skin, space, distance),
            overshoot(before, after, whole_face, Region.FACE, edges),
        ],
        lambda: _of_features(portrait, after, plan),
        lambda: _of_mask(before, after, portrait, plan),
    )


def detail_energy(before: Pixels, after: Pixels, mask: NDArray[np.float32]) -> float | None:
    """Return the gradient amplitude of luma under a mask (H, W), after over before; None where there is none."""
    window = bounds(mask, margin=2)
    if window is None:
        return None
    energies = [_gradient_energy(pixels[window], mask[window]) for pixels in (before, after)]
    return float(np.sqrt(energies[1] / energies[0])) if energies[0] > 0 else None


def _of_features(portrait: Portrait, after: Pixels, plan: EnhancePlan) -> Iterator[Measure]:
    """Measure whether eyes and lips gained detail where that was asked for."""
    for control, region in (("eyes", Region.EYES), ("lips", Region.LIPS), ("hair", Region.HAIR)):
        if plan.ask.controls[control] == 0:
            continue
        value = detail_energy(portrait.picture.pixels, after, portrait.mask(region, plan.face))
        if value is None:
            yield not_measurable("detail_gain", "ratio", MORE_DETAIL, "Nothing of it is visible.", region)
            continue
        explanation = f"The gradients of {control} are {value:.2f} times what they were."
        yield judged("detail_gain", value, "ratio", MORE_DETAIL, explanation, region)


def _of_mask(before: Pixels, after: Pixels, portrait: Portrait, plan: EnhancePlan) -> Iterator[Measure]:
    """Measure whether the enhancement stayed on the face, and does not show where it ends."""
    name, unit = "outside_mask_difference", "levels"
    if plan.sharpen > 0:
        yield not_measurable(name, unit, Gate(maximum=0.0), "The whole picture was sharpened, as asked for.")
        return
    yield outside_mask_difference(before, after, plan.reach)
    yield seam(before, after, portrait.mask(Region.FACE, plan.face), portrait.picture.space)


def _gradient_energy(pixels: Pixels, mask: NDArray[np.float32]) -> float:
    luma = np.asarray(cv2.transform(to_float(pixels), np.array([[0.2126, 0.7152, 0.0722]])), np.float32)
    across, down = (cv2.Sobel(luma, cv2.CV_32F, *order, ksize=3) for order in ((1, 0), (0, 1)))
    return float(((across**2 + down**2) * mask).sum())
