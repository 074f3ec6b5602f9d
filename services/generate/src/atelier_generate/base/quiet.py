"""How much of the noise that the network is told there really is, place by place and level by level.

All of it around the face at first, where hair and cloth have to be made up. Then less than the network is told: it
takes more for noise than there is, and answers nearer the mean of all portraits that it could be, which is smooth.
Least in the face, where the low-rank picture is right and an eye must match the other. What too much noise leaves
rough, the refiner smooths; what too little leaves alike in all faces, it cannot tell apart again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from atelier_generate.base.frame import HEIGHT, LOW, MIDDLE, WIDTH

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_generate.base.appearance import Appearance

# In the face and around it, from the first of these levels up and from the second down; between them, by its logarithm.
LOUD: Final = (1.0, 1.0)
QUIET: Final = (0.85, 0.9)
BETWEEN: Final = (0.4, 0.15)
# How far the eyes reach from the middle between the pupils, across and down, in pixels.
_EYES: Final = (38, 15)
_FADE: Final = 4.0  # pixels


def face_share(appearance: Appearance, places: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how much of each pixel (HEIGHT, WIDTH, 1), 0..1, is face, for cells that lie at `places` of its mean."""
    face: NDArray[np.float32] = np.zeros((HEIGHT, WIDTH), np.float32)
    cv2.fillConvexPoly(face, cv2.convexHull(appearance.mean_shape).astype(np.int32), 1.0)
    soft = cv2.GaussianBlur(face, (0, 0), _FADE)
    at = np.asarray(places - 0.5, np.float32)
    cells = cv2.remap(soft, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(cells, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR), np.float32)[..., None]


def halved(share: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bring a share (H, W, 1) to the low-rank picture's size."""
    small = cv2.resize(share, (WIDTH // LOW, HEIGHT // LOW), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)[..., None]


def matched(noise: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give the subject's left eye the noise (HEIGHT, WIDTH, 3) of the right one, mirrored, so that both match.

    Portraits are framed by their pupils, so the mirror stands in the middle of the frame.
    """
    axis, line = (round(at) for at in MIDDLE)
    across, down = _EYES
    rows, left = slice(line - down, line + down), slice(axis, axis + across)
    paired = noise.copy()
    paired[rows, left] = noise[rows, axis - across : axis][:, ::-1]
    return paired


def temperature(level: float, face: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the share (H, W, 1) of the noise that there is at a level, `face` being the share of face (H, W, 1)."""
    loud, quiet = BETWEEN
    way = np.clip(np.log(level / quiet) / np.log(loud / quiet), 0, 1)
    inside, around = (low + (high - low) * way for low, high in zip(QUIET, LOUD, strict=True))
    return np.asarray(around + (inside - around) * face, np.float32)
