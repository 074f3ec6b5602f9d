from __future__ import annotations

import numpy as np
import pytest

from tests.services.imaging.painted import paint

variations = pytest.importorskip("atelier_training_identity.variations", reason="the calibration is not installed here")

NAMES = ("crop", "jpeg", "exposure", "blur", "noise", "relight", "pose", "enlarged", "several")


@pytest.mark.parametrize("name", NAMES)
def test_a_variation_changes_the_face_and_is_the_same_for_the_same_chance(name: str) -> None:
    painted = paint()
    face, pixels = painted.face, painted.pixels
    first, again, other = (variations.VARIATIONS[name](pixels, face, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert first.shape != other.shape or not np.array_equal(first, other)
    assert first.shape != pixels.shape or not np.array_equal(first, pixels)


def test_every_variation_is_tested() -> None:
    assert set(variations.VARIATIONS) == set(NAMES)
