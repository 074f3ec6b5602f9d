"""What one training step sees: photographs, their low-rank pictures somewhat off, and where everything lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
import torch
from atelier_generate.base.conditions import Condition, centred, condition, joined
from atelier_generate.base.frame import HEIGHT, POINTS, WIDTH
from atelier_generate.base.quiet import face_share, halved
from atelier_generate.base.styling import moved
from atelier_imaging import topology

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from atelier_generate.base.appearance import Appearance
    from numpy.typing import NDArray
    from torch import Tensor

    from atelier_training_base.album import Album
    from atelier_training_base.fitting import Fitted

MOST_OFF: Final = 0.9
# How far the face may be off, as a share of what all around it may: it must be obeyed, hair and cloth are a hint.
FACE_OFF: Final = 0.35
_UNTOLD: Final = 0.1
_FACE, _FEATURES = 0.5, 1.5


@dataclass(frozen=True, slots=True)
class Batch:
    """Tensors of one step; `weight` (N, 1, H/4, W/4) is what each cell counts. See `Denoiser.forward`."""

    residual: Tensor
    low: Tensor
    places: Tensor
    attributes: Tensor
    weight: Tensor


class Maker:
    """Make batches of an album."""

    def __init__(self, portraits: Album, model: Fitted, standard: NDArray[np.float32]) -> None:
        self._album, self._model, self._standard = portraits, model, standard
        appearance = model.appearance
        self._located = [appearance.origins(appearance.points(shape)) for shape in model.shapes]
        self._faces = [halved(face_share(appearance, places)) for places in self._located]
        self._importance = importance(model.appearance)

    def rows(self, count: int, generator: np.random.Generator) -> NDArray[np.intp]:
        """Choose portraits, the rare ones more often."""
        return generator.choice(len(self._album.chances), count, p=self._album.chances)

    def batch(self, count: int, generator: np.random.Generator) -> Batch:
        """Return `count` portraits, off by as much as chance will."""
        rows = self.rows(count, generator)
        told = [self.conditioned(row, float(generator.random()) * MOST_OFF, generator) for row in rows]
        made = self.of(rows, told)
        made.attributes[torch.from_numpy(generator.random(count) < _UNTOLD), :-1] = 0
        return made

    def of(self, rows: NDArray[np.intp], told: Sequence[Condition]) -> Batch:
        """Return these portraits under conditions."""
        return Batch(
            planes([self.photograph(row) - each.base() for row, each in zip(rows, told, strict=True)]),
            planes([each.low for each in told]),
            planes([each.places for each in told]),
            torch.from_numpy(np.stack([each.attributes for each in told])),
            planes([self._weight(row)[..., None] for row in rows]),
        )

    def conditioned(self, row: int, off: float, generator: np.random.Generator) -> Condition:
        """Return what a network is told of a portrait when its texture is off as that of a drawn sitter is.

        Nobody's portrait would fit that perfectly.
        """
        face, around = (self._drawn(row, each, off, generator) for each in (FACE_OFF * off, off))
        return joined(face, around, self._faces[row])

    def photograph(self, row: int) -> NDArray[np.float32]:
        """Return a portrait (H, W, 3), -1..1."""
        return np.asarray(self._album.pictures[row] / np.float32(127.5) - 1, np.float32)

    def places(self, row: int) -> NDArray[np.float32]:
        """Return where each cell of a portrait lies in the mean face's frame, (H/4, W/4, 2), -1..1."""
        return centred(self._located[row])

    def _weight(self, row: int) -> NDArray[np.float32]:
        return np.asarray(cv2.remap(self._importance, *_maps(self._located[row]), cv2.INTER_LINEAR), np.float32)

    def _drawn(self, row: int, share: float, off: float, generator: np.random.Generator) -> Condition:
        texture = moved(self._model.textures[row], share, generator)
        return condition(self._model.appearance, self._located[row], texture, self._standard[row], off)


def importance(appearance: Appearance) -> NDArray[np.float32]:
    """Return what each pixel of the mean face's frame counts: more on the face, most on eyes and mouth."""
    weights = np.ones((HEIGHT, WIDTH), np.float32)
    outlines = (
        (topology.FACE_OVAL, _FACE),
        (topology.LEFT_EYE, _FEATURES),
        (topology.RIGHT_EYE, _FEATURES),
        (topology.LIPS_OUTER, _FEATURES / 2),
    )
    for outline, extra in outlines:
        mask: NDArray[np.float32] = np.zeros_like(weights)
        corners = appearance.mean_shape[[POINTS.index(point) for point in outline]]
        cv2.fillConvexPoly(mask, cv2.convexHull(corners).astype(np.int32), 1.0)
        wider = cv2.dilate(mask, np.ones((7, 7), np.uint8))
        weights += extra * np.asarray(cv2.GaussianBlur(wider, (0, 0), 3.0), np.float32)
    return weights


def _maps(places: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return np.ascontiguousarray(places[..., 0] - 0.5), np.ascontiguousarray(places[..., 1] - 0.5)


def planes(images: Iterable[NDArray[np.float32]]) -> Tensor:
    """Return images (H, W, C) as one tensor (N, C, H, W)."""
    return torch.from_numpy(np.ascontiguousarray(np.stack(list(images)).transpose(0, 3, 1, 2)))
