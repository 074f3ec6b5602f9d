"""What a picture and its edit have in common whatever the light: their structure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Shading varies over more than this share of the longer side; structure over less.
_BROAD: Final = 0.025
# Structure weaker than this, in the logarithm of light, is noise and is not amplified.
_FAINT: Final = 0.03
# Beyond so many standard deviations a difference says no more.
_LIMIT: Final = 2.5


def structure(log_light: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the structure of a picture as 8 bits: local differences of the logarithm of light, in local deviations.

    `log_light` is float32 (h, w). A lamp that is moved changes the mean and the contrast of a neighbourhood, which are
    divided out, and leaves in place the edges of lids, lips and hair.
    """
    sigma = _BROAD * max(log_light.shape)
    fine = log_light - cv2.GaussianBlur(log_light, (0, 0), sigma)
    spread = np.sqrt(cv2.GaussianBlur(fine * fine, (0, 0), sigma)) + np.float32(_FAINT)
    scaled = np.clip(fine / spread, -_LIMIT, _LIMIT)
    return np.asarray(np.rint(127.5 + scaled * (127.5 / _LIMIT)), np.uint8)
