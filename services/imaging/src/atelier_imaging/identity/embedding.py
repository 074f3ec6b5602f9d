"""Embeddings: faces as points, the same person's close together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from atelier_imaging.identity.alignment import aligned, crop_of_face
from atelier_imaging.identity.encoder import load_encoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from atelier_imaging.face import Face
    from atelier_imaging.identity.encoder import Encoder
    from atelier_imaging.models import ModelRunner
    from atelier_imaging.vips import Pixels


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """A face as an encoder sees it: `vector` is float32 (length,), read-only. It is biometric data: never log it."""

    vector: NDArray[np.float32]

    def distance(self, other: Embedding) -> float:
        """Return the Euclidean distance to another face's embedding by the same encoder."""
        return float(np.linalg.norm(self.vector.astype(np.float64) - other.vector.astype(np.float64)))

    def __repr__(self) -> str:
        """Show nothing of the person."""
        return f"Embedding({len(self.vector)} numbers)"


def embed(
    pixels: Pixels, faces: Sequence[Face], models: ModelRunner, encoder: Encoder | None = None
) -> NDArray[np.float32]:
    """Embed faces of one picture, display-encoded RGB (H, W, 3): float32 (faces, length).

    Raises what `ModelRunner.infer` raises; ModelNotInstalledError where there is no encoder.
    """
    chosen = encoder or load_encoder()
    drawn = [aligned(pixels, crop_of_face(face, chosen), chosen) for face in faces]
    size = chosen.size
    return embed_aligned(np.stack(drawn) if drawn else np.zeros((0, size, size, 3), np.float32), models, chosen)


def embed_aligned(
    faces: NDArray[np.float32], models: ModelRunner, encoder: Encoder | None = None
) -> NDArray[np.float32]:
    """Embed aligned faces (faces, size, size, 3), RGB 0..1: float32 (faces, length), in one batch.

    The embedding is the mean of that of the face and of its mirror image: two looks at one person are less noisy than
    one.
    """
    chosen = encoder or load_encoder()
    if not len(faces):
        return np.zeros((0, 0), np.float32)
    both = np.concatenate([faces, faces[:, :, ::-1]])
    raw = models.infer(chosen.model, {"image": np.ascontiguousarray(both, np.float32)})["embedding"]
    mean = (raw[: len(faces)] + raw[len(faces) :]) / 2
    if chosen.normalise:
        mean /= np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12)
    vectors: NDArray[np.float32] = mean.astype(np.float32)
    return vectors


def embedding_of(pixels: Pixels, face: Face, models: ModelRunner, encoder: Encoder | None = None) -> Embedding:
    """Embed one face of a picture."""
    vector = embed(pixels, [face], models, encoder)[0]
    vector.flags.writeable = False
    return Embedding(vector)
