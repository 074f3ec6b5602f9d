"""What is put behind a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging import color

if TYPE_CHECKING:
    from atelier_imaging.color import ColorSpace
    from atelier_imaging.picture import Picture
    from numpy.typing import NDArray

    from atelier_lens.layers import Planes

# The radius of the longest disc of a plain blur, in long edges of the picture.
LONGEST_DISC: Final = 0.06
# How much of the difference of two casts a person takes on, and the largest change of a channel.
_CAST: Final = 0.4
_MOST: Final = 1.5


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """A background as it is asked for: a picture, a colour (sRGB, 3 numbers of 0..255), or a share of a plain blur."""

    picture: Picture | None = None
    colour: tuple[int, int, int] | None = None
    blur: float = 0.0
    adapt: float = 0.0

    @property
    def replaces(self) -> bool:
        """Tell whether something else is put behind the person."""
        return self.picture is not None or self.colour is not None


def light_of(background: Background, shape: tuple[int, ...], space: ColorSpace) -> Planes:
    """Return the linear light, 0..1, of a background that replaces, in the picture's space: three planes (H, W)."""
    if background.picture is not None:
        light = color.decode_transfer(_covering(background.picture, shape))
        return [np.asarray(plane) for plane in cv2.split(_within(light, background.picture.space, space))]
    encoded = np.array(background.colour, np.uint8).reshape(1, 1, 3)
    own = _within(color.decode_transfer(encoded), color.ColorSpace.SRGB, space)
    return [np.full(shape[:2], value, np.float32) for value in own[0, 0]]


def cast_gains(
    old: NDArray[np.float32], new: NDArray[np.float32], share: float, space: ColorSpace
) -> NDArray[np.float32]:
    """Return the factors (3,) on a person's linear light that bring it under the cast of another background.

    `old` and `new` are mean colours (3,) of linear light. Casts are colours over their luminance; grey keeps its
    luminance.
    """
    weights = color.luminance_weights(space)
    casts = [mean / max(float(mean @ weights), 1e-4) for mean in (mean + np.float32(0.02) for mean in (old, new))]
    gains = np.clip(casts[1] / casts[0], 1 / _MOST, _MOST) ** (_CAST * share)
    return np.asarray(gains / float(gains @ weights), np.float32)


def _within(light: NDArray[np.float32], source: ColorSpace, target: ColorSpace) -> NDArray[np.float32]:
    return np.clip(color.convert(light, source, target), 0, 1)


def _covering(picture: Picture, shape: tuple[int, ...]) -> NDArray[np.uint8 | np.uint16]:
    """Scale a picture until it covers (H, W), and cut it evenly on both sides."""
    height, width = shape[:2]
    scale = max(width / picture.width, height / picture.height)
    size = (max(width, round(picture.width * scale)), max(height, round(picture.height * scale)))
    kernel = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    scaled = np.asarray(cv2.resize(picture.pixels, size, interpolation=kernel), picture.pixels.dtype)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return np.ascontiguousarray(scaled[top : top + height, left : left + width])
