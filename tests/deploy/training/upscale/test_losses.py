from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from atelier_training_upscale.batches import Purpose
    from torch import Tensor

torch = pytest.importorskip("torch")
from atelier_training_upscale.losses import loss  # noqa: E402 - only where PyTorch is


def step(overshoot: float) -> Tensor:
    """Return an edge of height 0.5 in a picture of 32 x 32, with a line of `overshoot` beside it."""
    picture = torch.full((1, 3, 32, 32), 0.25)
    picture[..., 16:] = 0.75
    picture[..., 16] += overshoot
    return picture


@pytest.mark.parametrize("purpose", ["faithful", "restore"])
def test_a_halo_costs_more_than_a_dull_edge_of_the_same_error(purpose: Purpose) -> None:
    assert float(loss(step(0.1), step(0), purpose)) > float(loss(step(-0.1), step(0), purpose))


def test_restoring_pays_more_for_smoothing_than_for_moving_texture() -> None:
    texture = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    moved, smooth = texture.roll(8, dims=3), torch.full_like(texture, 0.5)
    parts = {
        name: float(loss(made, texture, "restore") - loss(made, texture, "faithful"))
        for name, made in {"moved": moved, "smooth": smooth}.items()
    }
    assert parts["smooth"] > parts["moved"]


@pytest.mark.parametrize("purpose", ["faithful", "restore"])
def test_the_truth_costs_least(purpose: Purpose) -> None:
    truth = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(2))
    near = truth + 0.01 * torch.randn(truth.shape, generator=torch.Generator().manual_seed(3))
    assert float(loss(truth, truth, purpose)) < float(loss(near, truth, purpose))
