"""Upscale, quality: clean and worn pictures enlarged by the service's pipeline, beside what one would use instead.

`python benchmarks/upscale_quality.py [--portraits FOLDER]`, or the folder in ATELIER_PORTRAITS. Without portraits only
scikit-image's photographs are measured. Of the portraits those are taken that the training never saw. What is measured
and how small pictures are made is the training's own code.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from atelier_imaging.likeness import psnr
from atelier_imaging.picture import Picture
from atelier_imaging.portrait import Portrait
from atelier_models.home import default_home
from atelier_service.cancellation import Cancellation
from atelier_service.models.in_process import InProcessModels
from atelier_service.models.per_call import CallModels
from atelier_upscale.drawing import Manner
from atelier_upscale.enlarge import Pass
from atelier_upscale.networks import own_networks
from atelier_upscale.share import Amount
from atelier_upscale.size import Size
from atelier_upscale.tiles import LARGEST, cut

sys.path.insert(0, str(Path(__file__).parents[1] / "deploy" / "training" / "upscale" / "src"))
from atelier_training_upscale.evaluate import compared, elsewhere, worn
from atelier_training_upscale.measures import overshoot
from atelier_training_upscale.photographs import held_out, load
from atelier_training_upscale.resampling import bicubic, lanczos, reduced, trimmed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from atelier_imaging.models import ModelRunner
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    Enlarge = Callable[[Pixels], Pixels]
    Figures = dict[str, dict[str, float]]

COLUMNS = {
    "psnr_y": "PSNR-Y dB",
    "ssim": "SSIM",
    "gmsd": "GMSD ↓",
    "texture_ratio": "texture ratio",
    "oriented_energy": "hair and lashes × bicubic",
}
# Chardon, Cretois and Hourseau: Skin colour typology and suntanning pathways. Int. J. Cosmet. Sci. 13 (1991).
TONES = {"very light": 55.0, "light": 41.0, "intermediate": 28.0, "tan": 10.0, "brown": -30.0, "dark": -91.0}
GOAL_DB, GOAL_DOWNSCALED_DB, GOAL_OVERSHOOT, GOAL_ENERGY = 1.5, 38.0, 0.08, 1.2
SMALL_TILE, SAMPLE = 32, 20


def models() -> ModelRunner:
    """Return the installed models in this process."""
    backend = InProcessModels(default_home() / "models")
    return CallModels(backend, cancellation=Cancellation(), deadline=time.monotonic() + 24 * 3600)


def service(runner: ModelRunner, scale: int, fidelity: float, denoise: float = 0.0, largest: int = LARGEST) -> Enlarge:
    """Return the service's pipeline as a function of pixels."""

    def enlarge(pixels: Pixels) -> Pixels:
        height, width = pixels.shape[:2]
        manner = Manner(own_networks(scale), Amount(fidelity), denoise)
        grid = cut(height, width, scale * height, scale * width, manner.margin, largest)
        drawing = Pass(pixels, Size(scale * width, scale * height), manner, grid).run(runner)
        while True:
            try:
                next(drawing)
            except StopIteration as end:
                return np.asarray(end.value, np.uint8)

    return enlarge


def detail_preserving(pixels: Pixels, scale: int) -> Pixels:
    """Interpolate and bring detail out with OpenCV's edge-preserving filter (domain transform), as its manual does."""
    return np.asarray(cv2.detailEnhance(bicubic(pixels, scale), sigma_s=10, sigma_r=0.15), np.uint8)


def methods(runner: ModelRunner, scale: int) -> dict[str, Enlarge]:
    """Return what is compared, by name."""
    return {
        "bicubic": partial(bicubic, scale=scale),
        "Lanczos": partial(lanczos, scale=scale),
        "OpenCV detailEnhance": partial(detail_preserving, scale=scale),
        "Atelier, fidelity 1": service(runner, scale, 1.0),
        "Atelier, fidelity 0": service(runner, scale, 0.0),
        "Atelier, denoise 1": service(runner, scale, 1.0, 1.0),
    }


def table(head: str, figures: Figures) -> list[str]:
    """Write a Markdown table of figures, a row a method."""
    lines = [f"| {head} | {' | '.join(COLUMNS.values())} |", "|---" * (len(COLUMNS) + 1) + "|"]
    for name, row in figures.items():
        lines.append(f"| {name} | {' | '.join(f'{row[key]:.3f}' for key in COLUMNS)} |")
    return [*lines, ""]


def steps(compared_: Mapping[str, Enlarge], scale: int) -> list[str]:
    """Write a table of how far an enlarged step goes beyond its two levels."""
    lines = [f"| a clean step × {scale}, the worst of six angles | overshoot | goal |", "|---|---|---|"]
    for name, enlarge in compared_.items():
        goal = f"≤ {GOAL_OVERSHOOT:.0%}" if name == "Atelier, fidelity 1" else ""
        lines.append(f"| {name} | {overshoot(enlarge, scale):.1%} | {goal} |")
    return [*lines, ""]


def consistency(truths: Sequence[Pixels], runner: ModelRunner, scale: int) -> list[str]:
    """Write how near the result made small comes to its input, and how far tiles differ from the whole."""
    likeness, apart = [], 0
    enlarge, in_tiles = service(runner, scale, 1.0), service(runner, scale, 1.0, largest=SMALL_TILE)
    for truth in truths:
        small = reduced(truth, scale)
        whole = enlarge(small)
        likeness.append(psnr(small, reduced(whole, scale)))
        apart = max(apart, int(np.abs(whole.astype(int) - in_tiles(small)).max()))
    return [
        f"| × {scale}, {len(truths)} pictures | measured | goal |",
        "|---|---|---|",
        f"| made small again, against the input: least / mean | {min(likeness):.1f} / {np.mean(likeness):.1f} dB "
        f"| ≥ {GOAL_DOWNSCALED_DB:g} dB |",
        f"| tiles of {SMALL_TILE} pixels against the whole: largest difference | {apart} of 255 | ≤ 1 |",
        "",
    ]


def tone_of(pixels: Pixels, runner: ModelRunner) -> str | None:
    """Return the class of a portrait's skin by its typology angle, or None where it has none."""
    portrait = Portrait(Picture.from_array(np.ascontiguousarray(pixels)), runner)
    grey = np.array_equal(pixels[..., 0], pixels[..., 1])
    angle = None if grey or not portrait.faces else portrait.ita_degrees(portrait.faces[0])
    return None if angle is None else next(name for name, least in TONES.items() if angle > least)


def by_tone(truths: Sequence[Pixels], runner: ModelRunner, scale: int) -> list[str]:
    """Write the same figures for each class of skin tone."""
    classes: dict[str, list[Pixels]] = defaultdict(list)
    for truth in truths:
        classes[tone_of(truth, runner) or "black-and-white or not seen"].append(truth)
    compared_: dict[str, Enlarge] = {"bicubic": partial(bicubic, scale=scale), "Atelier": service(runner, scale, 1.0)}
    lines = [
        f"| clean × {scale}, skin | portraits | bicubic dB | Atelier dB | gain dB | SSIM gain | texture ratio "
        "| hair and lashes × bicubic |",
        "|---" * 8 + "|",
    ]
    for name in [*TONES, "black-and-white or not seen"]:
        if name in classes:
            plain, own = compared(classes[name], compared_, scale, reduced).values()
            gain, likeness = own["psnr_y"] - plain["psnr_y"], own["ssim"] - plain["ssim"]
            lines.append(
                f"| {name} | {len(classes[name])} | {plain['psnr_y']:.2f} | {own['psnr_y']:.2f} | {gain:+.2f} "
                f"| {likeness:+.3f} | {own['texture_ratio']:.2f} | {own['oriented_energy']:.2f} |"
            )
    return [*lines, ""]


def main() -> None:
    """Measure and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--portraits", type=Path, default=os.environ.get("ATELIER_PORTRAITS"), metavar="FOLDER")
    asked = parser.parse_args()
    runner = models()
    lines: list[str] = []
    for scale in (4, 2):
        compared_ = methods(runner, scale)
        photographs = elsewhere(scale)
        lines += table(f"clean × {scale}, scikit-image's", compared(photographs, compared_, scale, reduced))
        lines += steps(compared_, scale)
        if asked.portraits is not None:
            kept = [trimmed(load(path), scale) for path in held_out(Path(asked.portraits))]
            title = f"clean × {scale}, {len(kept)} portraits held out"
            lines += table(title, compared(kept, compared_, scale, reduced))
            lines += table(f"worn × {scale}, the same portraits", compared(kept, compared_, scale, worn()))
        lines += consistency(photographs[:1] if asked.portraits is None else kept[:SAMPLE], runner, scale)
    if asked.portraits is None:
        lines += ["No portraits were given; only scikit-image's photographs were measured.", ""]
    else:
        lines += by_tone([trimmed(load(path), 4) for path in held_out(Path(asked.portraits))], runner, 4)
    lines.append(
        f"Goals: {GOAL_DB:+g} dB and a better SSIM than bicubic on clean × 4; hair and lashes ≥ {GOAL_ENERGY:g} × "
        "bicubic; a texture ratio nearer 1 and a smaller GMSD than bicubic's and detailEnhance's on worn pictures."
    )
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
