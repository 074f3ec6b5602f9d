"""Measure the written networks on pictures that they never saw, beside what one would use without them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import skimage
from atelier_imaging import measures as edges
from atelier_imaging.likeness import gmsd

from atelier_training_upscale.degradation import degraded
from atelier_training_upscale.enlarging import Enlarger
from atelier_training_upscale.measures import oriented_energy, overshoot, psnr, ssim, texture_ratio
from atelier_training_upscale.photographs import held_out, load
from atelier_training_upscale.resampling import bicubic, lanczos, reduced, trimmed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from atelier_training_upscale.measures import Enlarge

    Picture = NDArray[np.uint8]
    Reduce = Callable[[Picture, int], Picture]
    Figures = dict[str, dict[str, float]]

SCALES = (2, 4)
PURPOSES = ("faithful", "restore")
# Photographs that come with scikit-image: other subjects, other cameras, larger.
ELSEWHERE = ("astronaut.png", "camera.png", "chelsea.png", "coffee.png", "motorcycle_left.png", "rocket.jpg")
DEGRADATION_SEED = 20


def evaluate(networks: Path, portraits: Path) -> dict[str, Figures]:
    """Return mean figures by task and method; `networks` holds `upscaler_<purpose>_x<scale>.onnx`."""
    figures: dict[str, Figures] = {}
    for scale in SCALES:
        methods = _methods(networks, scale)
        kept = [trimmed(load(path), scale) for path in held_out(portraits)]
        figures[f"clean x{scale}, held-out portraits"] = compared(kept, methods, scale, reduced)
        figures[f"clean x{scale}, scikit-image"] = compared(elsewhere(scale), methods, scale, reduced)
        figures[f"degraded x{scale}, held-out portraits"] = compared(kept, methods, scale, worn())
        figures[f"steps x{scale}"] = {name: {"overshoot": overshoot(of, scale)} for name, of in methods.items()}
    return figures


def compared(truths: Sequence[Picture], methods: Mapping[str, Enlarge], scale: int, reduce: Reduce) -> Figures:
    """Return the mean figures of each method on pictures that `reduce` made small."""
    taken: dict[str, list[dict[str, float]]] = {name: [] for name in methods}
    for truth in truths:
        small = reduce(truth, scale)
        plain = bicubic(small, scale)
        for name, enlarge in methods.items():
            taken[name].append(_figures(enlarge(small), truth, plain, scale))
    return {name: {key: float(np.mean([one[key] for one in all_])) for key in all_[0]} for name, all_ in taken.items()}


def elsewhere(scale: int) -> list[Picture]:
    """Return scikit-image's photographs."""
    folder = Path(skimage.__file__).parent / "data"
    return [trimmed(load(folder / name), scale) for name in ELSEWHERE]


def worn() -> Reduce:
    """Return the random degradation of the training as a function that gives every method the same pictures."""
    generator = np.random.default_rng(DEGRADATION_SEED)
    return lambda picture, scale: degraded(np.ascontiguousarray(picture), scale, generator)


def _methods(networks: Path, scale: int) -> dict[str, Enlarge]:
    own = {purpose: Enlarger.of(networks / f"upscaler_{purpose}_x{scale}.onnx", scale) for purpose in PURPOSES}
    return {"bicubic": partial(bicubic, scale=scale), "Lanczos": partial(lanczos, scale=scale), **own}


def _figures(answer: Picture, truth: Picture, plain: Picture, scale: int) -> dict[str, float]:
    return {
        "psnr_y": psnr(answer, truth),
        "ssim": ssim(answer, truth),
        "gmsd": gmsd(truth, answer),
        "texture_ratio": texture_ratio(answer, truth, scale),
        "oriented_energy": oriented_energy(answer, truth, plain),
        "overshoot": edges.overshoot(truth, answer, np.ones(truth.shape[:2], np.float32)).value or 0.0,
    }
