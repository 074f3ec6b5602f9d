"""Whether anything outside an operation's mask was touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from atelier_imaging.extent import require_same_shape
from atelier_imaging.measures.measure import Gate, Measure, judged, not_measurable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_imaging.vips import Pixels

OUTSIDE_MASK = Gate(maximum=0.0)


def outside_mask_difference(
    before: Pixels, after: Pixels, mask: NDArray[np.float32], gate: Gate | None = OUTSIDE_MASK
) -> Measure:
    """Measure the largest change of any channel where `mask` is 0, in levels of the pixels' own type.

    `before` and `after` are (height, width, 3) of one type; `mask` is float32 (height, width).
    """
    require_same_shape(before, after, mask)
    name, unit = "outside_mask_difference", "levels"
    outside = mask == 0
    if not outside.any():
        return not_measurable(name, unit, gate, "The mask covers the whole picture; nothing lies outside it.")
    red, green, blue = (before[..., index] != after[..., index] for index in range(3))
    changed = (red | green | blue) & outside
    count = int(np.count_nonzero(changed))
    if count == 0:
        return judged(name, 0.0, unit, gate, "Every pixel outside the mask is the source's own.")
    value = int(np.abs(before[changed].astype(np.int64) - after[changed]).max())
    return judged(name, value, unit, gate, f"{count} pixels outside the mask changed, by up to {value} levels.")
