"""Portraits brought to the generator's frame: upright crops that keep inside the photograph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from atelier_generate.base.frame import HEIGHT, MIDDLE, POINTS, PUPILS, WIDTH

if TYPE_CHECKING:
    from numpy.typing import NDArray


def framed(picture: NDArray[np.uint8], mesh: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Cut a portrait (H, W, 3) uint8 to the frame; return it and the shape's points (P, 2) in its pixels.

    The crop has the wanted distance of the pupils unless the photograph is too small for it, and never leaves it: how
    near a head is stays a matter of the shape.
    """
    height, width = picture.shape[:2]
    right, left = mesh[468], mesh[473]
    scale = float(np.hypot(*(left - right))) / PUPILS
    scale = min(scale, width / WIDTH, height / HEIGHT)
    middle = (left + right) / 2
    x = float(np.clip(middle[0] - MIDDLE[0] * scale, 0, width - WIDTH * scale))
    y = float(np.clip(middle[1] - MIDDLE[1] * scale, 0, height - HEIGHT * scale))
    matrix = np.array([[1 / scale, 0, -x / scale + 0.5 / scale - 0.5], [0, 1 / scale, -y / scale + 0.5 / scale - 0.5]])
    soft = cv2.GaussianBlur(picture, (0, 0), 0.35 * scale)  # of the reduction, so that edges do not alias
    drawn = cv2.warpAffine(soft, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(drawn, np.uint8), ((mesh[list(POINTS)] - (x, y)) / scale).astype(np.float32)
