"""The astronaut as other sitters, and in other photographs: what portraits bring with them, drawn on a known one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

# The eyes of scikit-image's astronaut.
EYES = ((204, 101), (247, 103))


def glasses(picture: Pixels) -> Pixels:
    """Draw dark frames."""
    drawn = picture.copy()
    for eye in EYES:
        cv2.ellipse(drawn, eye, (18, 13), 0, 0, 360, (30, 25, 25), 2, cv2.LINE_AA)
    cv2.line(drawn, (222, 100), (229, 100), (30, 25, 25), 2, cv2.LINE_AA)
    return drawn


def beard(picture: Pixels) -> Pixels:
    """Darken jaw and chin with strands."""
    mask: NDArray[np.floating] = np.zeros(picture.shape[:2], np.float32)
    cv2.ellipse(mask, (224, 152), (38, 30), 0, -5, 185, 1.0, -1)
    cv2.ellipse(mask, (224, 148), (22, 10), 0, 0, 360, 0.0, -1)
    mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), 3), np.float32)[..., None]
    strands = np.random.default_rng(3).normal(0, 18, (*picture.shape[:2], 1))
    hair = np.clip(np.array((58, 44, 34)) + cv2.GaussianBlur(strands, (1, 5), 1.2)[..., None], 0, 255)
    return (picture * (1 - mask) + hair * mask).astype(np.uint8)


def hair_over_the_face(picture: Pixels) -> Pixels:
    """Let a strand of hair fall over one eye."""
    drawn = picture.copy()
    strand = cv2.resize(np.ascontiguousarray(picture[20:60, 190:250]), (26, 100))
    drawn[60:160, 190:216] = strand
    return drawn


def hat(picture: Pixels) -> Pixels:
    """Put a knitted cap over hair and hairline."""
    drawn = picture.copy()
    cv2.ellipse(drawn, (224, 84), (66, 82), 0, 180, 360, (70, 90, 60), -1, cv2.LINE_AA)
    return drawn


def toned(factor: float) -> Callable[[Pixels], Pixels]:
    """Make all of a person darker or lighter, in linear light."""

    def change(picture: Pixels) -> Pixels:
        light = (picture / 255.0) ** 2.2 * factor
        return np.asarray(np.rint(255 * np.clip(light, 0, 1) ** (1 / 2.2)), np.uint8)

    return change


def grey(picture: Pixels) -> Pixels:
    """Photograph in black-and-white: one channel."""
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)


def hard_shadow(picture: Pixels) -> Pixels:
    """Put one half of the face into a hard shadow."""
    drawn = picture.astype(np.float32)
    drawn[50:240, 225:300] *= 0.45
    return drawn.astype(np.uint8)


def cut_by_the_frame(picture: Pixels) -> Pixels:
    """Cut through forehead, one cheek and chin."""
    return np.ascontiguousarray(picture[84:240, 192:340])


SITTERS: Mapping[str, Callable[[Pixels], Pixels]] = {
    "glasses": glasses,
    "beard": beard,
    "hair over the face": hair_over_the_face,
    "hat": hat,
    "dark skin": toned(0.16),
    "very light skin": toned(1.9),
    "black and white": grey,
    "hard shadow": hard_shadow,
    "cut by the frame": cut_by_the_frame,
}


def two(picture: Pixels) -> Pixels:
    """Seat the same person twice, the larger one on the left."""
    large = picture[0:300, 60:380]
    small = cv2.resize(large, (224, 210), interpolation=cv2.INTER_AREA)
    group = np.full((300, 560, 3), 150, np.uint8)
    group[:, :320] = large
    group[60:270, 330:554] = small
    return group
