"""Whether skin kept its colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from atelier_imaging import color
from atelier_imaging.extent import bounds, box_of, require_same_shape
from atelier_imaging.measures.measure import Gate, Measure, judged, not_measurable
from atelier_imaging.measures.reduced import reduced_light, reduced_mask, reduction
from atelier_imaging.region import Region

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_imaging.color import ColorSpace
    from atelier_imaging.vips import Pixels

# The rule for operations that are not about colour: at most 2. From 3 on the difference is plain side by side.
SKIN_DELTA_E = Gate(maximum=2.0, fail_above=3.0)
MINIMUM_PIXELS = 64
# Colour is what is left when pores and grain are blurred away: over 1/50 of the distance between the pupils.
_BLUR_INTEROCULAR = 0.02


def skin_delta_e(
    before: Pixels,
    after: Pixels,
    mask: NDArray[np.float32],
    space: ColorSpace,
    interocular_pixels: float,
    gate: Gate | None = SKIN_DELTA_E,
) -> Measure:
    """Measure how far the colour of skin has moved: the median CIEDE2000 difference where `mask` is above 0.5.

    `before` and `after` are (height, width, 3), display-encoded in `space`; `mask` is float32 (height, width), 0..1.
    Both are blurred in linear light first, so that grain, which changes no colour, is not counted.
    """
    require_same_shape(before, after, mask)
    inside = mask > 0.5
    count = int(np.count_nonzero(inside))
    box = box_of(inside)
    sigma = max(_BLUR_INTEROCULAR * interocular_pixels, 0.5)
    window = bounds(inside, margin=int(3 * sigma) + 1)
    if window is None or count < MINIMUM_PIXELS:
        why = f"Only {count} pixels of skin are visible; {MINIMUM_PIXELS} are needed."
        return not_measurable("skin_delta_e", "delta_e_2000", gate, why, Region.SKIN, box)
    by = reduction(interocular_pixels)
    chosen = reduced_mask(inside[window].astype(np.float32), by) > 0.5
    # What was blurred says the same many times over: one pixel is kept of each square of the blur's deviation.
    places = np.flatnonzero(chosen)
    places = places[:: max(1, min(int((sigma / by) ** 2), len(places) // MINIMUM_PIXELS))]
    labs = [_lab(reduced_light(picture[window], by), sigma / by, places, space) for picture in (before, after)]
    value = float(np.median(color.delta_e_2000(labs[0], labs[1])))
    explanation = f"The colour of the skin moved by {value:.2f} (CIEDE2000; about 1 is the least that can be seen)."
    return judged("skin_delta_e", value, "delta_e_2000", gate, explanation, Region.SKIN, box)


def _lab(linear: NDArray[np.float32], sigma: float, places: NDArray[np.intp], space: ColorSpace) -> NDArray[np.float32]:
    """Return the colour, CIELAB (len(places), 3), of a blurred picture at places of its flattened pixels."""
    blurred = np.asarray(cv2.GaussianBlur(linear, (0, 0), sigma), dtype=np.float32)
    return color.linear_to_lab(blurred.reshape(-1, 3)[places], space)
