"""A picture taken apart into the light of a person and the light behind it.

At a hair that covers a share of its pixel the picture mixes both. The colours of either side are continued from where
they are pure, and the mixture's residual is given to both by their shares, as one step of blur fusion does (Forte:
Approximate fast foreground colour estimation. ICIP 2021).

Light is in planes, an array a channel: several times as fast to work on as pixels of three numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.warp import resample
from atelier_imaging.warp.fill import filled
from atelier_imaging.warp.grid import Grid

from atelier_lens.light import merged, split
from atelier_lens.scaling import reduced

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Planes = Sequence[NDArray[np.float32]]

# About how long the longer edge of the picture is on which colours are continued.
_SMALL: Final = 320
_PURE: Final = 0.97
# OpenCV looks fewer than 32768 places up at once.
_MOST: Final = 16384


@dataclass(frozen=True, slots=True, eq=False)
class Colours:
    """Linear light (h, w, 3) of a person and of what is behind, each continued over a whole picture, reduced `by`.

    Within `margin_pixels` around the person, in pixels of the picture, there may be hair that the matte does not know.
    """

    person: NDArray[np.float32]
    behind: NDArray[np.float32]
    by: int
    margin_pixels: float


def continuation(shape: tuple[int, ...]) -> int:
    """Return by how much a picture (H, W) is to be reduced for `continued`."""
    return max(1, round(max(shape[:2]) / _SMALL))


def continued(light: Planes, matte: NDArray[np.float32], margin_pixels: float) -> Colours:
    """Continue the colours of both sides of a matte (H, W), 0..1, from where they are pure.

    `light` is linear, three planes, 0..1, reduced as `continuation` says. Within the margin what is behind is continued
    too.
    """
    by = continuation(matte.shape)
    share, small = reduced(matte, by), merged(light)
    away = cv2.distanceTransform((share < 1 - _PURE).astype(np.uint8), cv2.DIST_L2, 5)
    pure = (share > _PURE, away > max(margin_pixels / by, 0.5))
    person, behind = (filled(small, known.astype(np.float32)) for known in pure)
    return Colours(person, behind, by, margin_pixels)


class Mixture:
    """The pixels of part of a picture that hold both a person and what is behind."""

    def __init__(self, matte: NDArray[np.float32], colours: Colours, top: int = 0, left: int = 0) -> None:
        """Find them in part of a matte (h, w), 0..1, whose first pixel is so far down and to the right."""
        self._where = (matte > 0) & (matte < 1)
        y, x = np.nonzero(self._where)
        places = [((each + 0.5) / colours.by - 0.5).astype(np.float32) for each in (x + left, y + top)]
        self._share = matte[self._where]
        self._person, self._behind = (_looked_up(each, *places) for each in (colours.person, colours.behind))

    def person(self, light: NDArray[np.float32], channel: int) -> NDArray[np.float32]:
        """Return one channel (h, w) of the person's light: what the continued colours do not explain is shared.

        `light` (h, w) is that channel of the picture, linear, 0..1.
        """
        share, own = self._share, self._person[:, channel]
        residual = light[self._where] - share * own - (1 - share) * self._behind[:, channel]
        answer = light.copy()
        answer[self._where] = np.clip(own + share * residual, 0, 1)
        return answer


def behind_of(light: Planes, matte: NDArray[np.float32], colours: Colours, by: int) -> Planes:
    """Return the light behind a person without the person; `light` is the picture's, three planes reduced `by`.

    `matte` (H, W) is not reduced.
    """
    nobody, (height, width) = (reduced(matte, by) <= 0).astype(np.uint8), light[0].shape
    around = np.asarray(cv2.distanceTransform(nobody, cv2.DIST_L2, 3), np.float32) * np.float32(by)
    # Over the margin the own background fades in, so that nothing is continued that need not be.
    margin = np.float32(colours.margin_pixels)
    own = np.asarray(np.clip((around - margin) / max(margin, np.float32(1)), 0, 1), np.float32)
    other = 1 - own
    grid = Grid(0.0, 0.0, colours.by / by, colours.behind.shape[1], colours.behind.shape[0])
    far = split(resample.enlarged(colours.behind, grid, (slice(0, height), slice(0, width)), cv2.INTER_LINEAR))
    return [np.asarray(cv2.blendLinear(*pair, own, other), np.float32) for pair in zip(light, far, strict=True)]


def _looked_up(colours: NDArray[np.float32], x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return colours (h, w, 3) at places (n,): (n, 3)."""
    answer = np.empty((len(x), 3), np.float32)
    for first in range(0, len(x), _MOST):
        part = slice(first, first + _MOST)
        # A column of places comes back as a column of pixels.
        found = cv2.remap(colours, x[part, None], y[part, None], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        answer[part] = found[:, 0]
    return answer
