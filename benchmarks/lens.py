"""Lens: mattes against drawn truth, discs against the formula, real portraits, and time and memory at 1024 × 1024.

`python benchmarks/lens.py [--portraits N]`; real portraits are those of `ATELIER_PORTRAITS`, N of them evenly chosen.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import skimage.data
from atelier_imaging.decode import decode
from atelier_imaging.guided import GuidedFilter, evaluate
from atelier_imaging.measures import identity_similarity
from atelier_imaging.picture import Picture
from atelier_imaging.portrait import Portrait
from atelier_imaging.region import Region
from atelier_lens.ask import LensAsk
from atelier_lens.background import Background
from atelier_lens.defocus import blurred
from atelier_lens.distortion import Distortion
from atelier_lens.matte import matte
from atelier_lens.measures import measure
from atelier_lens.plan import plan_lens
from atelier_lens.render import render
from atelier_models.home import default_home
from atelier_rpc.memory import keep_freed_memory
from atelier_service.cancellation import Cancellation
from atelier_service.models.in_process import InProcessModels
from atelier_service.models.per_call import CallModels

# The drawn truths are the tests'.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.plugins.lens.hair import composed, segmented, strands

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from atelier_imaging.models import ModelRunner
    from numpy.typing import NDArray

SIDE, ROUNDS, TRUTHS = 1024, 7, 16
GOAL_MS = 400.0
LENSES: Mapping[str, LensAsk] = {
    "85 mm, f/1.8": LensAsk(aperture=1.8),
    "85 mm, f/4": LensAsk(aperture=4.0),
    "another background": LensAsk(background=Background(colour=(122, 140, 153))),
    "perspective of 35 mm": LensAsk(focal_mm=35.0, taken_with_mm=85.0),
    "perspective of 200 mm": LensAsk(focal_mm=200.0, taken_with_mm=85.0),
    "barrel, k1 = -0.08": LensAsk(distortion=Distortion(-0.08)),
    "vignette": LensAsk(vignette=1.0),
}


def models() -> ModelRunner:
    """Return the installed models in this process."""
    backend = InProcessModels(default_home() / "models")
    return CallModels(backend, cancellation=Cancellation(), deadline=time.monotonic() + 24 * 3600)


def plain_guided(pixels: NDArray[np.uint8], rough: NDArray[np.float32]) -> NDArray[np.float32]:
    """Refine a mask by the guided filter alone, as the segmentation of portraits does."""
    size = (400, 400)
    guide = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.float32) / np.float32(255)
    small = np.asarray(cv2.resize(rough, size, interpolation=cv2.INTER_AREA), np.float32)
    return evaluate(GuidedFilter(guide, 5, 1e-3).coefficients(small), pixels, certain=(0.12, 0.88))


def errors(found: NDArray[np.float32], truth: NDArray[np.float32]) -> tuple[float, float]:
    """Return the sum of absolute differences and that of squared differences of gradients, both in thousands."""
    slopes = [
        np.hypot(*(cv2.GaussianBlur(np.asarray(g, np.float32), (0, 0), 1.4) for g in np.gradient(m)))
        for m in (found, truth)
    ]
    return float(np.abs(found - truth).sum()) / 1000, float(((slopes[0] - slopes[1]) ** 2).sum()) / 1000


def mattes() -> list[str]:
    """Compare mattes with drawn truth."""
    methods: Mapping[str, Callable[[NDArray[np.uint8], NDArray[np.float32]], NDArray[np.float32]]] = {
        "segmentation as it is": lambda _, rough: rough,
        "guided filter": plain_guided,
        "atelier": matte,
    }
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in methods}
    for seed in range(TRUTHS):
        truth = strands(seed)
        pixels, rough = composed(seed, truth), segmented(truth)
        for name, method in methods.items():
            taken[name].append(errors(method(pixels, rough), truth))
    lines = [f"| matte, {TRUTHS} drawn heads of 512² | SAD, thousands | gradient error, thousands |", "|---|---|---|"]
    for name, each in taken.items():
        sad, gradient = np.mean(each, axis=0)
        lines.append(f"| {name} | {sad:.2f} | {gradient:.3f} |")
    return [*lines, ""]


def discs() -> list[str]:
    """Compare the radius of a defocused point with the one that is asked for, by its second moment."""
    lines = ["| radius asked for, px | measured, round | measured, 7 blades |", "|---|---|---|"]
    y, x = np.mgrid[:513, :513] - 256
    for radius in (1.5, 3.0, 6.0, 12.0, 24.0, 48.0, 96.0):
        found = []
        for blades in (0, 7):
            light = np.zeros((513, 513), np.float32)
            light[256, 256] = 1
            drawn = blurred(light, radius, blades)
            found.append(np.sqrt(2 * float((drawn * (x**2 + y**2)).sum() / drawn.sum())))
        lines.append(f"| {radius:g} | {found[0]:.2f} | {found[1]:.2f} |")
    return [*lines, ""]


def portraits(files: Sequence[Path], runner: ModelRunner) -> list[str]:
    """Measure real portraits through every lens."""
    rows: dict[str, list[tuple[float, float, float]]] = {name: [] for name in LENSES}
    for file in files:
        portrait = Portrait(decode(file.read_bytes()), runner)
        face = portrait.select()
        for name, ask in LENSES.items():
            plan = plan_lens(ask, portrait, face)
            done = render(portrait, plan)
            like = identity_similarity(portrait, face, done.picture, runner).value
            spills = [m.value for m in measure(portrait, done, plan, face) if m.name == "edge_spill"]
            core = portrait.mask(Region.SKIN, face) * portrait.mask(Region.FACE, face) > 0.99
            same = float((portrait.picture.pixels[core] == done.picture.pixels[core]).all(axis=1).mean())
            spill = spills[0] if spills and spills[0] is not None else np.nan
            rows[name].append((np.nan if like is None else like, spill, same))
    lines = [
        f"| {len(files)} portraits of 225 × 275 | similarity, least | median | edge spill, median | 90 % | face kept |",
        "|---|---|---|---|---|---|",
    ]
    for name, each in rows.items():
        like, spill, same = np.array(each).T
        edge = "| |" if np.isnan(spill).all() else f"| {np.nanmedian(spill):.3f} | {np.nanquantile(spill, 0.9):.3f}"
        edge = edge if edge != "| |" else "| | "
        lines.append(
            f"| {name} | {np.nanmin(like):.2f} | {np.nanmedian(like):.2f} {edge} | {100 * same.mean():.1f} % |"
        )
    return [*lines, ""]


def speed(runner: ModelRunner) -> list[str]:
    """Time each lens at 1024², analysis included, beside a Gaussian blur of the whole picture in floats."""
    pixels = np.asarray(cv2.resize(skimage.data.astronaut(), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC), np.uint8)
    picture = Picture.from_array(pixels)
    light = pixels.astype(np.float32)

    def whole(ask: LensAsk) -> None:
        portrait = Portrait(picture, runner)
        plan = plan_lens(ask, portrait, portrait.select())
        done = render(portrait, plan)
        measure(portrait, done, plan, plan.face)

    def best(task: Callable[[], object]) -> tuple[float, float]:
        times = []
        for _ in range(ROUNDS):
            start, busy = time.perf_counter(), time.process_time()
            task()
            times.append((1000 * (time.perf_counter() - start), 1000 * (time.process_time() - busy)))
        wall, processor = np.min(times, axis=0)
        return float(wall), float(processor)

    unit = best(lambda: cv2.GaussianBlur(light, (0, 0), 8.0))
    lines = [
        f"| {SIDE}², analysed, drawn, measured | best ms | processor ms | ratio | goal |",
        "|---|---|---|---|---|",
        f"| Gaussian blur of σ = 8 px, OpenCV | {unit[0]:.0f} | {unit[1]:.0f} | 1.0 | |",
    ]
    for name, ask in LENSES.items():
        wall, processor = best(lambda ask=ask: whole(ask))  # type: ignore[misc]
        lines.append(f"| {name} | {wall:.0f} | {processor:.0f} | {wall / unit[0]:.1f} | ≤ {GOAL_MS:g} ms |")
    return [*lines, ""]


def main() -> None:
    """Measure and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--portraits", type=int, default=24, metavar="N", help="how many real portraits")
    asked = parser.parse_args()
    keep_freed_memory()  # as a service does
    runner = models()
    lines = mattes() + discs()
    if folder := os.environ.get("ATELIER_PORTRAITS"):
        files = sorted(Path(folder).glob("*.jpg"))
        lines += portraits(files[:: max(1, len(files) // asked.portraits)][: asked.portraits], runner)
    lines += speed(runner)
    sys.stdout.write("\n".join(lines))


if __name__ == "__main__":
    main()
