"""What the network is told of a sitter: the low-rank picture, where all lies, and the attributes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from atelier_generate.base.frame import HEIGHT, WIDTH

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_generate.base.appearance import Appearance


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """One sitter: `low` (H/2, W/2, 3) and `places` (H/4, W/4, 2), both -1..1, `attributes` (A + 1,), all float32."""

    low: NDArray[np.float32]
    places: NDArray[np.float32]
    attributes: NDArray[np.float32]

    def base(self) -> NDArray[np.float32]:
        """Return the low-rank picture at the frame's size, (H, W, 3), that the network's residual is added to."""
        return np.asarray(cv2.resize(self.low, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR), np.float32)


def condition(
    appearance: Appearance,
    places: NDArray[np.float32],
    texture: NDArray[np.float32],
    attributes: NDArray[np.float32],
    off: float,
) -> Condition:
    """Make the condition of located cells, texture (T,) and attributes (A,) in deviations; `off` as in training."""
    low = appearance.draw(places, texture)
    told = np.append(np.clip(attributes, -3, 3), off).astype(np.float32)
    return Condition(np.clip(low, -1.1, 1.1), centred(places), told)


def centred(places: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bring places of cells (h, w, 2) from the frame's pixels to -1..1."""
    return np.asarray(places / (WIDTH / 2, HEIGHT / 2) - 1, np.float32)


def joined(face: Condition, around: Condition, share: NDArray[np.float32]) -> Condition:
    """Return the condition whose picture is `face`'s by `share` (H/2, W/2, 1) and `around`'s elsewhere."""
    return replace(around, low=np.asarray(share * face.low + (1 - share) * around.low, np.float32))
