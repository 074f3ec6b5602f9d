from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest
from atelier_imaging.identity import Embedding, embed, embed_aligned, load_encoder

from tests.services.imaging.identity.encoders import Brightness, sitter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


class Half:
    """An encoder that sees the left half of a face only."""

    def infer(self, model: str, inputs: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        assert model == "face_encoder"
        return {"embedding": inputs["image"][:, :, :75].mean(axis=(1, 2))}


def test_an_embedding_is_the_mean_of_a_face_and_its_mirror_image() -> None:
    faces = np.zeros((1, 150, 150, 3), np.float32)
    faces[:, :, :75] = 1.0
    assert embed_aligned(faces, Half())[0] == pytest.approx(0.5)
    assert embed_aligned(faces[:, :, ::-1], Half())[0] == pytest.approx(0.5)


def test_all_faces_go_to_the_encoder_in_one_batch() -> None:
    portrait, face = sitter()
    models = Brightness()
    vectors = embed(portrait.picture.pixels, [face, face, face], models)
    assert (vectors.shape, models.batches) == ((3, 3), [6])
    assert np.array_equal(vectors[0], vectors[2])


def test_no_face_needs_no_encoder() -> None:
    portrait, _ = sitter()
    models = Brightness()
    assert (len(embed(portrait.picture.pixels, [], models)), models.batches) == (0, [])


def test_an_encoder_of_directions_has_its_embeddings_brought_to_length_1() -> None:
    encoder = dataclasses.replace(load_encoder(), normalise=True)
    faces = np.random.default_rng(1).uniform(0.2, 1, (4, 150, 150, 3)).astype(np.float32)
    lengths = np.linalg.norm(embed_aligned(faces, Brightness(), encoder), axis=1)
    assert lengths == pytest.approx(1.0)


def test_an_embedding_shows_nothing_of_itself() -> None:
    one = Embedding(np.array([0.125, 0.25], np.float32))
    assert repr(one) == "Embedding(2 numbers)"
    assert one.distance(Embedding(np.array([0.125, 0.75], np.float32))) == 0.5
