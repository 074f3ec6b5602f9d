"""Encoders that are small functions, and heads that they see."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from atelier_imaging.portrait import Portrait

from tests.services.imaging.heads import SeeingModels, head, scene

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atelier_imaging.face import Face
    from atelier_imaging.picture import Picture
    from numpy.typing import NDArray


@dataclass(slots=True)
class Brightness:
    """An encoder whose embedding is a face's mean red, green and blue; `batches` lists how many faces it was shown."""

    batches: list[int] = field(default_factory=list)

    def infer(self, model: str, inputs: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        assert model == "face_encoder"
        image = inputs["image"]
        assert (image.shape[1:], image.dtype) == ((150, 150, 3), np.dtype(np.float32))
        self.batches.append(len(image))
        return {"embedding": image.mean(axis=(1, 2))}


def sitter(width: float = 60.0) -> tuple[Portrait, Face]:
    """Return a scene with one head whose outer eye corners are `width` pixels apart, and its face."""
    picture = scene(400, 300)
    portrait = Portrait(picture, SeeingModels(picture, [head(200, 130, width)]))
    return portrait, portrait.select()


def darker(picture: Picture, share: float) -> Picture:
    """Take a share of the light of every pixel away."""
    return picture.with_pixels((picture.pixels * (1 - share)).astype(picture.pixels.dtype))
