"""A network that was written as ONNX, as a function of a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from onnxruntime import InferenceSession
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

MARGIN = 14  # pixels of mirror image around a picture: more than the twelve convolutions look


@dataclass(frozen=True, slots=True)
class Enlarger:
    """Enlarges by `scale`, without the service's back-projection: what the network does by itself."""

    session: Any  # onnxruntime has no types
    scale: int

    @classmethod
    def of(cls, path: Path, scale: int) -> Enlarger:
        """Load a network."""
        return cls(InferenceSession(str(path), providers=["CPUExecutionProvider"]), scale)

    def __call__(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return (scale·H, scale·W, 3) uint8 of (H, W, 3) uint8 sRGB."""
        around = np.pad(picture, ((MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0)), "symmetric")
        detail = self.session.run(["detail"], {"image": (around / np.float32(255))[None]})[0][0]
        inner = slice(MARGIN * self.scale, -MARGIN * self.scale)
        enlarged = base(picture, self.scale) + detail[inner, inner]
        return np.asarray(np.rint(np.clip(enlarged, 0, 1) * 255), np.uint8)


def base(picture: NDArray[np.uint8], scale: int) -> NDArray[np.float32]:
    """Return the bicubic enlargement that detail is added to, 0 to 1, not rounded."""
    size = picture.shape[1] * scale, picture.shape[0] * scale
    planes = [
        Image.fromarray(plane.astype(np.float32)).resize(size, Image.Resampling.BICUBIC)
        for plane in np.moveaxis(picture, 2, 0)
    ]
    return np.asarray(np.dstack([np.asarray(plane) for plane in planes]) / np.float32(255), np.float32)
