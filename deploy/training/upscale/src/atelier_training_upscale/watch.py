"""A quick look at how training goes: a few held-out portraits, reduced and enlarged again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from atelier_training_upscale.measures import psnr
from atelier_training_upscale.network import SCALES, Upscaler
from atelier_training_upscale.resampling import bicubic, reduced, trimmed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from atelier_training_upscale.batches import Purpose
    from atelier_training_upscale.student import Student


def watch(students: Mapping[Purpose, Student], pictures: Sequence[NDArray[np.uint8]]) -> dict[str, float]:
    """Return the mean gain in PSNR-Y over bicubic, in decibels, a purpose and scale."""
    gains: dict[str, float] = {}
    for purpose, student in students.items():
        for scale in SCALES:
            gains[f"gain {purpose} x{scale}"] = float(
                np.mean([_gain(student.mean, scale, whole) for whole in pictures])
            )
    return gains


def _gain(network: Upscaler, scale: int, whole: NDArray[np.uint8]) -> float:
    truth = trimmed(whole, scale)
    small = reduced(truth, scale)
    return psnr(_enlarged(network, small, scale), truth) - psnr(bicubic(small, scale), truth)


def _enlarged(network: Upscaler, picture: NDArray[np.uint8], scale: int) -> NDArray[np.uint8]:
    device = next(network.parameters()).device
    image = torch.from_numpy(picture.copy()).permute(2, 0, 1)[None].to(device).float() / 255
    with torch.no_grad():
        answer = network.enlarge(image, scale)[0].permute(1, 2, 0).cpu().numpy()
    return np.asarray(np.rint(np.clip(answer, 0, 1) * 255), np.uint8)
