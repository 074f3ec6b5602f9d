"""Strands of hair, which are finer than the network's pixels.

Noise smeared along the flow of what is drawn: line integral convolution (Cabral and Leedom, "Imaging Vector Fields
Using Line Integral Convolution", SIGGRAPH 1993), along the direction in which brightness changes least.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# How much brighter and darker strands are, as a share of what they lie on in the shadows; half of it in white.
_STRENGTH: Final = 0.06
# Of the flow, in pixels: what an edge is measured over, and what directions are averaged over.
_EDGE, _AVERAGED = 1.5, 20.0
# A strand is followed so far each way, by so many pixels a step.
_STEPS, _STRIDE = 14, np.float32(1.6)
# Of the noise, in pixels: the width of locks, and from where on brightness is left to the picture.
_LOCK, _COARSE = 1.6, 6.0
# The least share of hair that is worth it, and what is worked on around it, in pixels.
_LEAST, _MARGIN = 0.05, 24


def combed(
    picture: NDArray[np.float32], hair: NDArray[np.float32], generator: np.random.Generator
) -> NDArray[np.float32]:
    """Draw strands into a portrait (H, W, 3), display-encoded 0..1, where `hair` (H, W), 0..1, is."""
    rows, columns = (np.flatnonzero((hair > _LEAST).any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return picture
    part = tuple(slice(max(each[0] - _MARGIN, 0), each[-1] + _MARGIN) for each in (rows, columns))
    tone = np.ascontiguousarray(picture[part].mean(axis=-1))
    change = _STRENGTH * hair[part] * _strands(tone, generator) / (1 + tone)
    combed_picture = picture.copy()
    combed_picture[part] = np.clip(picture[part] * (1 + change[..., None]), 0, 1)
    return combed_picture


def _strands(tone: NDArray[np.float32], generator: np.random.Generator) -> NDArray[np.float32]:
    """Return strands (H, W) of deviation 1 that flow as a picture of brightness (H, W) does."""
    hairs, locks = (generator.standard_normal(tone.shape, np.float32) for _ in range(2))
    locks = np.asarray(cv2.GaussianBlur(locks, (0, 0), _LOCK), np.float32)
    smeared = _smeared(hairs + locks / locks.std(), *_flow(tone))
    smeared -= np.asarray(cv2.GaussianBlur(smeared, (0, 0), _COARSE), np.float32)
    return np.asarray(smeared / smeared.std(), np.float32)


def _flow(tone: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the unit directions, x and y (H, W) each, along which brightness changes least: the structure tensor's."""
    soft = cv2.GaussianBlur(tone, (0, 0), _EDGE)
    x, y = cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1)
    xx, xy, yy = (cv2.GaussianBlur(each, (0, 0), _AVERAGED) for each in (x * x, x * y, y * y))
    along = np.arctan2(2 * xy, xx - yy) / 2 + np.float32(np.pi / 2)
    return np.cos(along), np.sin(along)


def _smeared(
    noise: NDArray[np.float32], flow_x: NDArray[np.float32], flow_y: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Add up noise (H, W) along the flow, both ways, the further the less."""
    height, width = noise.shape
    start = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    total = noise.copy()
    for way in (np.float32(1), np.float32(-1)):
        (x, y), (step_x, step_y) = start, (way * flow_x, way * flow_y)
        for number in range(_STEPS):
            x, y = x + _STRIDE * step_x, y + _STRIDE * step_y
            there_x, there_y = (_read(each, x, y, cv2.INTER_NEAREST) for each in (flow_x, flow_y))
            # A direction has no head and no tail: go on as one came.
            onward = np.where(there_x * step_x + there_y * step_y < 0, np.float32(-1), np.float32(1))
            step_x, step_y = onward * there_x, onward * there_y
            total += np.float32(1 - number / _STEPS) * _read(noise, x, y, cv2.INTER_LINEAR)
    return total


def _read(field: NDArray[np.float32], x: NDArray[np.float32], y: NDArray[np.float32], how: int) -> NDArray[np.float32]:
    return np.asarray(cv2.remap(field, x, y, how, borderMode=cv2.BORDER_REPLICATE), np.float32)
