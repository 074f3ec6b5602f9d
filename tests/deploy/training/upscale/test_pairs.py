"""What the networks learn from: degradations, drawings, batches."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from atelier_training_upscale.batches import batch  # noqa: E402 - only where PyTorch is
from atelier_training_upscale.degradation import degraded  # noqa: E402
from atelier_training_upscale.drawings import drawing  # noqa: E402
from atelier_training_upscale.measures import luma  # noqa: E402
from atelier_training_upscale.photographs import Photographs  # noqa: E402
from atelier_training_upscale.resampling import reduced  # noqa: E402


@pytest.mark.parametrize("scale", [2, 4])
def test_the_same_seed_degrades_alike_and_another_does_not(face: np.ndarray, scale: int) -> None:
    one, same, other = (degraded(face, scale, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one.shape == (128 // scale, 128 // scale, 3)
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_a_degraded_picture_is_still_the_same_picture(face: np.ndarray) -> None:
    clean = luma(reduced(face, 4))
    errors = [np.abs(luma(degraded(face, 4, np.random.default_rng(seed))) - clean).mean() for seed in range(30)]
    # Ten levels on average would be a ruin; none at all would teach nothing.
    assert 1 < np.mean(errors) < 10


def test_an_edge_of_a_drawing_has_no_halo() -> None:
    for seed in range(20):
        patch = drawing(64, np.random.default_rng(seed))
        colours, counts = np.unique(patch.reshape(-1, 3), axis=0, return_counts=True)
        flat = colours[counts > 40]
        if len(flat) > 1:
            # Whatever is not flat is a mixture of what is.
            assert (patch >= colours.min(axis=0)).all()
            assert patch[..., 1].max() == colours[:, 1].max()


@pytest.mark.parametrize("purpose", ["faithful", "restore"])
@pytest.mark.parametrize("scale", [2, 4])
def test_the_small_patch_shows_what_the_large_one_does(face: np.ndarray, purpose: str, scale: int) -> None:
    photographs = Photographs((np.tile(face, (2, 2, 1)),), np.ones(1))
    small, large = batch(photographs, purpose, scale, 32, 6, np.random.default_rng(0))  # type: ignore[arg-type]
    assert (small.shape, large.shape) == ((6, 3, 32, 32), (6, 3, 32 * scale, 32 * scale))
    means = torch.nn.functional.avg_pool2d(large, scale)
    in_place, beside = (float((small - means.roll(by, dims=3)).abs().mean()) for by in (0, 1))
    assert in_place < 0.75 * beside
