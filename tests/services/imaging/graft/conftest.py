"""What a network may do to a picture beside what it is asked for, done on purpose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
import skimage.data
from atelier_imaging.color import decode_transfer, encode_transfer, quantise

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE = 512


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A portrait with a mask of the face's surroundings, and one of its skin, drawn by hand."""

    pixels: NDArray[np.uint8]
    mask: NDArray[np.float32]
    skin: NDArray[np.float32]


def ellipse(centre: tuple[float, float], axes: tuple[float, float], soft: float) -> NDArray[np.float32]:
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    distance = 1 - np.hypot((x - centre[0]) / axes[0], (y - centre[1]) / axes[1])
    return np.asarray(np.clip(distance / soft, 0, 1), np.float32)


@pytest.fixture(scope="session")
def scene() -> Scene:
    """The astronaut's head, large enough that it has texture: cut out and enlarged to 512 pixels a side."""
    crop = skimage.data.astronaut()[0:256, 96:352]
    pixels = np.asarray(cv2.resize(crop, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC), np.uint8)
    return Scene(pixels, ellipse((256, 220), (170, 210), 0.2), ellipse((258, 240), (60, 90), 0.05))


def moved(pixels: NDArray[np.uint8], affine: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Return the picture as it looks when each of its points was moved by an affine map (2, 3)."""
    size = pixels.shape[1::-1]
    return np.asarray(cv2.warpAffine(pixels, affine, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT))


def drift(amplitude: float) -> NDArray[np.float32]:
    """Return a smooth flow (h, w, 2): where, from each pixel, the moved picture has its content."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    wave = 2 * np.pi / 220
    return np.dstack([amplitude * np.sin(wave * y + 1), amplitude * np.sin(wave * x)]).astype(np.float32)


def bulge(amplitude: float) -> NDArray[np.float32]:
    """Return a flow (h, w, 2) around the mouth only, outwards, as of a smile."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    across, down = (x - 262) / 45, (y - 300) / 35
    size = amplitude * np.exp(-(across**2 + down**2) / 2)
    return np.dstack([size * across, 0.5 * size * down]).astype(np.float32)


def drifted(pixels: NDArray[np.uint8], flow: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the picture whose content was moved by about a flow: its inverse is found by fixed-point iteration."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    back = np.zeros_like(flow)
    for _ in range(12):
        places = (x + back[..., 0], y + back[..., 1])
        back = -np.asarray(cv2.remap(flow, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT), np.float32)
    places = (x + back[..., 0], y + back[..., 1])
    return np.asarray(cv2.remap(pixels, *places, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT), np.uint8)


def lit_from_the_side(pixels: NDArray[np.uint8], stops: float = 1.0) -> NDArray[np.uint8]:
    """Return the picture under a light that falls off from left to right, by so many stops each way from the middle."""
    ramp = 2 ** (stops * np.linspace(0.5, -1, pixels.shape[1], dtype=np.float32))[None, :, None]
    return quantise(encode_transfer(np.clip(decode_transfer(pixels) * ramp, 0, 1)), np.uint8)


def cast(pixels: NDArray[np.uint8], factors: tuple[float, float, float]) -> NDArray[np.uint8]:
    """Return the picture with its linear red, green and blue multiplied."""
    light = decode_transfer(pixels) * np.array(factors, np.float32)
    return quantise(encode_transfer(np.clip(light, 0, 1)), np.uint8)
