"""A picture taken apart into the light of a person and the light behind it.

At a hair that covers a share of its pixel the picture mixes both. The colours of either side are continued from where
they are pure, and the mixture's residual is given to both by their shares, as one step of blur fusion does (Forte:
Approximate fast foreground colour estimation. ICIP 2021).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.warp.fill import filled

if TYPE_CHECKING:
    from numpy.typing import NDArray

# The longer edge of the reduced picture on which colours are continued.
_SMALL: Final = 320
_PURE: Final = 0.97


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """Linear light (H, W, 3), float32, of a person and of what is behind; `matte` (H, W) is the person's share."""

    matte: NDArray[np.float32]
    person: NDArray[np.float32]
    behind: NDArray[np.float32]


def separated(light: NDArray[np.float32], matte: NDArray[np.float32], margin_pixels: float) -> Layers:
    """Take linear light (H, W, 3), 0..1, apart by a matte (H, W), 0..1.

    Within `margin_pixels` around the person there may be hair that the matte does not know: what is behind is
    continued there too.
    """
    scale = min(1.0, _SMALL / max(matte.shape))
    size = (max(2, round(matte.shape[1] * scale)), max(2, round(matte.shape[0] * scale)))
    small, share = (np.asarray(cv2.resize(a, size, interpolation=cv2.INTER_AREA), np.float32) for a in (light, matte))
    pure_person = _continued(small, share > _PURE, matte.shape)
    away = cv2.distanceTransform((share < 1 - _PURE).astype(np.uint8), cv2.DIST_L2, 5)
    hidden = away <= max(margin_pixels * scale, 0.5)
    pure_behind = _continued(small, ~hidden, matte.shape)
    return _shared(light, matte, pure_person, pure_behind, margin_pixels)


def _continued(small: NDArray[np.float32], known: NDArray[np.bool_], shape: tuple[int, ...]) -> NDArray[np.float32]:
    answer = filled(small, known.astype(np.float32))
    return np.asarray(cv2.resize(answer, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR), np.float32)


def _shared(
    light: NDArray[np.float32],
    matte: NDArray[np.float32],
    person: NDArray[np.float32],
    behind: NDArray[np.float32],
    margin_pixels: float,
) -> Layers:
    """Give each side its share of what the continued colours do not explain, and its own light where it is pure."""
    mixed = np.flatnonzero((matte > 0) & (matte < 1))
    here, own_person, own_behind = (each.reshape(-1, 3)[mixed] for each in (light, person, behind))
    share = matte.reshape(-1)[mixed][:, None]
    residual = here - share * own_person - (1 - share) * own_behind
    drawn = light.copy()
    drawn.reshape(-1, 3)[mixed] = np.clip(own_person + share * residual, 0, 1)
    around = cv2.distanceTransform((matte <= 0).astype(np.uint8), cv2.DIST_L2, 3)
    # Over the margin the own background fades in, so that nothing is continued that need not be.
    fade = np.clip((np.asarray(around, np.float32) - margin_pixels) / np.float32(max(margin_pixels, 1.0)), 0, 1)
    shown = np.asarray(cv2.blendLinear(light, behind, fade, 1 - fade), np.float32)
    return Layers(matte, drawn, shown)
