"""What one would do without relighting: nothing, or move the colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from atelier_imaging.color import encode_transfer, lab_to_linear, quantise, rgb_to_lab

if TYPE_CHECKING:
    from atelier_imaging.picture import Picture
    from atelier_imaging.vips import Pixels
    from numpy.typing import NDArray


def color_transferred(source: Picture, target: Picture, person: NDArray[np.float32]) -> Pixels:
    """Give the person the mean and spread that each of L*, a* and b* has in the target, which is shown to it.

    Reinhard, Ashikhmin, Gooch and Shirley: Color transfer between images. IEEE Computer Graphics and Applications 21
    (2001), in CIELAB.
    """
    lab, goal = rgb_to_lab(source.pixels, source.space), rgb_to_lab(target.pixels, target.space)
    chosen = person > 0.5
    mean, spread = lab[chosen].mean(axis=0), np.maximum(lab[chosen].std(axis=0), 1e-3)
    moved = (lab - mean) / spread * goal[chosen].std(axis=0) + goal[chosen].mean(axis=0)
    light = np.clip(lab_to_linear(moved.astype(np.float32), source.space), 0, 1)
    return quantise(encode_transfer(light), np.uint8)
