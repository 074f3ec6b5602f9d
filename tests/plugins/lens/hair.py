"""Truth for mattes: heads of strands that are drawn with known shares of every pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import skimage.data

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE = 512
_FINE = 4


def strands(seed: int, count: int = 260) -> NDArray[np.float32]:
    """Draw a head with loose hair: the share (SIDE, SIDE), 0..1, of every pixel that it covers; 16 looks a pixel."""
    rng = np.random.default_rng(seed)
    drawn = np.zeros((SIDE * _FINE, SIDE * _FINE), np.uint8)
    middle, radius = np.array([SIDE / 2, SIDE * 0.47]), SIDE * 0.26
    cv2.circle(drawn, tuple(int(v) for v in middle * _FINE), int(radius * _FINE), 255, -1)
    body = np.array([[SIDE * 0.15, SIDE], [SIDE * 0.3, SIDE * 0.75], [SIDE * 0.7, SIDE * 0.75], [SIDE * 0.85, SIDE]])
    cv2.fillPoly(drawn, [(body * _FINE).astype(np.int32)], 255)
    for _ in range(count):
        angle = rng.uniform(np.pi, 2 * np.pi)
        bend = rng.normal(0, 0.02)
        place, line = middle + radius * 0.97 * np.array([np.cos(angle), np.sin(angle)]), []
        for _ in range(int(rng.integers(4, 12))):
            line.append(place * _FINE)
            angle += bend * 6
            place = place + 4 * np.array([np.cos(angle), np.sin(angle)])
        cv2.polylines(drawn, [np.array(line, np.int32)], False, 255, int(rng.integers(2, 7)))
    return np.asarray(cv2.resize(drawn, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.float32) / np.float32(255)


def composed(seed: int, truth: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Lay hair of one of several tones over one of several backgrounds, in linear light as a sensor adds them."""
    rng = np.random.default_rng(100 + seed)
    tones = ((0.02, 0.015, 0.01), (0.2, 0.12, 0.05), (0.5, 0.45, 0.38), (0.08, 0.04, 0.02))
    behind = [skimage.data.rocket, skimage.data.coffee, skimage.data.chelsea, skimage.data.astronaut]
    place = cv2.resize(np.asarray(behind[seed % 4]())[..., :3], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(place, (0, 0), 5).astype(np.float32) / 255
    grain = cv2.GaussianBlur(rng.normal(0, 1, (SIDE, SIDE)).astype(np.float32), (0, 0), 1.5)
    hair = np.array(tones[(seed // 4) % 4], np.float32) * (1 + 0.5 * grain[..., None])
    light = truth[..., None] * np.clip(hair, 0, 1) + (1 - truth[..., None]) * soft**2.2
    noisy = 255 * np.clip(light, 0, 1) ** (1 / 2.2) + rng.normal(0, 1.5, (SIDE, SIDE, 3))
    return np.asarray(np.clip(noisy + 0.5, 0, 255), np.uint8)


def segmented(truth: NDArray[np.float32]) -> NDArray[np.float32]:
    """Make of a true matte what a segmenter of 256 x 256 pixels gives: hair smoothed away."""
    small = cv2.resize(truth, (256, 256), interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur((cv2.GaussianBlur(small, (0, 0), 3.0) > 0.5).astype(np.float32), (0, 0), 1.5)
    return np.asarray(cv2.resize(blurred, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR), np.float32)
