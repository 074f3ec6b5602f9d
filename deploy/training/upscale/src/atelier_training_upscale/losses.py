"""What the networks are taught to make small."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.nn.functional import max_pool2d, relu

if TYPE_CHECKING:
    from torch import Tensor

    from atelier_training_upscale.batches import Purpose

EPSILON = 1e-3
GRADIENT_WEIGHT: dict[Purpose, float] = {"faithful": 0.1, "restore": 0.4}
TEXTURE_WEIGHT: dict[Purpose, float] = {"faithful": 0.0, "restore": 0.3}
TEXTURE_CELL = 8
RINGING_WEIGHT: dict[Purpose, float] = {"faithful": 0.25, "restore": 1.0}
RINGING_REACH = 2


def loss(answer: Tensor, target: Tensor, purpose: Purpose) -> Tensor:
    """Return the Charbonnier distance (Lai et al. 2017) of pixels, and that of luma's gradients and texture.

    Both pictures are (N, 3, H, W) RGB, 0 to 1. A purpose weighs the parts.
    """
    total = _charbonnier(answer - target)
    light, true = _luma(answer), _luma(target)
    total = total + RINGING_WEIGHT[purpose] * _ringing(light, true)
    for gradient, wanted in zip(_gradients(light), _gradients(true), strict=True):
        total = total + GRADIENT_WEIGHT[purpose] / 2 * (gradient - wanted).abs().mean()
        if TEXTURE_WEIGHT[purpose]:
            total = total + TEXTURE_WEIGHT[purpose] / 2 * _texture(gradient, wanted)
    return total


def _charbonnier(difference: Tensor) -> Tensor:
    return (difference.square() + EPSILON**2).sqrt().mean()


def _luma(image: Tensor) -> Tensor:
    return 0.299 * image[:, 0] + 0.587 * image[:, 1] + 0.114 * image[:, 2]


def _ringing(luma: Tensor, target: Tensor) -> Tensor:
    """Return how far the answer lies beyond everything that the target has nearby."""
    window = {"kernel_size": 2 * RINGING_REACH + 1, "stride": 1, "padding": RINGING_REACH}
    above = luma - max_pool2d(target[:, None], **window)[:, 0]
    below = -luma - max_pool2d(-target[:, None], **window)[:, 0]
    return (relu(above) + relu(below)).mean()


def _gradients(luma: Tensor) -> tuple[Tensor, Tensor]:
    return luma[:, :-1, 1:] - luma[:, :-1, :-1], luma[:, 1:, :-1] - luma[:, :-1, :-1]


def _texture(gradient: Tensor, wanted: Tensor) -> Tensor:
    """Return how far the strength of detail in small cells is off, wherever in the cell it lies.

    After the gradient variance loss (Abrahamyan et al. 2022): distances of pixels alone are smallest for the mean of
    all likely textures, which is no texture.
    """
    return (_strength(gradient) - _strength(wanted)).abs().mean()


def _strength(gradient: Tensor) -> Tensor:
    """Return the root mean square of each cell."""
    cells = (gradient.square() + 1e-6).unfold(1, TEXTURE_CELL, TEXTURE_CELL).unfold(2, TEXTURE_CELL, TEXTURE_CELL)
    return cells.mean(dim=(-1, -2)).sqrt()
