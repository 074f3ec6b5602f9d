"""Whose face it is, in numbers: alignment, embedding, and what a distance between two embeddings means."""

from atelier_imaging.identity.alignment import aligned, crop_of_face
from atelier_imaging.identity.calibration import Calibration, rate_of_similarity, similarity_of_rate
from atelier_imaging.identity.embedding import Embedding, embed, embed_aligned, embedding_of
from atelier_imaging.identity.encoder import DEFAULT_ENCODER, Encoder, load_encoder
from atelier_imaging.identity.resemblance import MIN_INTEROCULAR_PIXELS, Resemblance

__all__ = [
    "DEFAULT_ENCODER",
    "MIN_INTEROCULAR_PIXELS",
    "Calibration",
    "Embedding",
    "Encoder",
    "Resemblance",
    "aligned",
    "crop_of_face",
    "embed",
    "embed_aligned",
    "embedding_of",
    "load_encoder",
    "rate_of_similarity",
    "similarity_of_rate",
]
