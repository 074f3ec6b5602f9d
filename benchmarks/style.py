"""Style: lookup table, match and grain on 1024 × 1024, peak memory at 4096 × 4096, beside what one would use instead.

`python benchmarks/style.py [--json FILE]`. color-matcher runs in a throw-away environment of its own, because nothing
else here needs it. Sides take turns; each figure is the best of several rounds, since a machine that does something
else can only make a round slower.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import skimage.data
from atelier_imaging.color import ColorSpace
from atelier_imaging.grain.drawing import GrainRecipe, GrainStage
from atelier_imaging.strips import render
from atelier_style.look import bake
from atelier_style.lut import apply_cube
from atelier_style.match import match
from atelier_style.presets import grades
from PIL import Image, ImageFilter
from skimage.util import random_noise

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    Task = Callable[[], object]

SIDE, LARGE = 1024, 4096
ROUNDS = 15
COLOR_MATCHER = "color-matcher==0.6.0"
GOAL_LUT_MS, GOAL_GRAIN_MS, GOAL_MATCH_RATIO, GOAL_PEAK_MB = 25.0, 60.0, 10.0, 1500.0

RIVAL = """
import json, sys, time
import numpy as np
from color_matcher import ColorMatcher
source, reference = np.load(sys.argv[1]), np.load(sys.argv[2])
times = []
for _ in range(3):
    started = time.perf_counter()
    ColorMatcher().transfer(src=source, ref=reference, method="mkl")
    times.append(time.perf_counter() - started)
print(min(times))
"""

PEAK = """
import resource, sys, time
from pathlib import Path
from atelier_imaging.decode import decode
from atelier_imaging.encode import encode
from atelier_imaging.portrait import Portrait
from atelier_models.home import default_home
from atelier_service.cancellation import Cancellation
from atelier_service.models.in_process import InProcessModels
from atelier_service.models.per_call import CallModels
from atelier_style.apply import Plan, apply
from atelier_style.grade_plan import GradeAsk, plan_grade
from atelier_style.grain_plan import GrainAsk, plan_grain
from atelier_style.measures import measure
from atelier_style.tone_plan import ToneAsk, plan_tone
backend = InProcessModels(default_home() / "models")
models = CallModels(backend, cancellation=Cancellation(), deadline=time.monotonic() + 600)
portrait = Portrait(decode(Path(sys.argv[1]).read_bytes()), models)
face = portrait.faces[0]
plan = Plan(
    plan_tone(ToneAsk(warmth=0.5), portrait, face),
    plan_grade(GradeAsk(preset="moody_cinematic"), portrait),
    plan_grain(GrainAsk(stock="portra_400", seed=1)),
)
styled = apply(portrait.picture, plan)
applied = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
measure(portrait, styled, plan, face)
encode(styled)
print(applied, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def photograph(side: int) -> NDArray[np.uint8]:
    """Enlarge the astronaut."""
    return np.asarray(cv2.resize(skimage.data.astronaut(), (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)


def best(tasks: Mapping[str, Task], rounds: int = ROUNDS) -> dict[str, float]:
    """Run tasks in turns and return the best time of each in milliseconds."""
    times: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(rounds):
        for name, task in tasks.items():
            started = time.perf_counter()
            task()
            times[name].append(1000 * (time.perf_counter() - started))
    return {name: min(each) for name, each in times.items()}


def lookup(pixels: NDArray[np.uint8]) -> dict[str, float]:
    """Time a 33-point table: ours, and Pillow's, which interpolates trilinearly with one thread."""
    cube = bake(grades()["teal_orange"], ColorSpace.SRGB)
    rows: list[float] = cube.table.transpose(2, 1, 0, 3).ravel().tolist()
    image, table = Image.fromarray(pixels), ImageFilter.Color3DLUT(33, rows)
    return best({"atelier": lambda: apply_cube(pixels, cube), "Pillow Color3DLUT": lambda: image.filter(table)})


def grain(pixels: NDArray[np.uint8]) -> dict[str, float]:
    """Time grain: on luminance and in three layers, and scikit-image's white noise, which is no grain."""
    one, three = GrainRecipe(seed=1), GrainRecipe(rgb=True, layer_correlation=0.3, seed=1)
    return best(
        {
            "atelier, luminance": lambda: render(pixels, [GrainStage(one, SIDE, SIDE)]),
            "atelier, three layers": lambda: render(pixels, [GrainStage(three, SIDE, SIDE)]),
            "scikit-image random_noise": lambda: random_noise(pixels, rng=1, var=0.001),
        }
    )


def matching(pixels: NDArray[np.uint8], reference: NDArray[np.uint8], folder: Path) -> dict[str, float]:
    """Time matching and applying: ours, and color-matcher's method mkl in its own environment."""
    space = ColorSpace.SRGB

    def ours() -> None:
        apply_cube(pixels, match(pixels, space, reference, space).cube)

    rival = install_rival(folder)
    np.save(folder / "source.npy", pixels)
    np.save(folder / "reference.npy", reference)
    seconds = []
    mine = []
    for _ in range(3):
        mine.append(best({"atelier": ours}, 7)["atelier"])
        command = [str(rival), "-c", RIVAL, str(folder / "source.npy"), str(folder / "reference.npy")]
        seconds.append(float(subprocess.run(command, capture_output=True, text=True, check=True).stdout))
    return {"atelier": min(mine), "color-matcher mkl": 1000 * min(seconds)}


def install_rival(folder: Path) -> Path:
    """Install color-matcher into a new environment and return its Python."""
    sys.stderr.write(f"Installing {COLOR_MATCHER} into a throw-away environment …\n")
    venv.create(folder / "rival", with_pip=True)
    python = folder / "rival" / "bin" / "python"
    quiet = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([str(python), *quiet, COLOR_MATCHER, "setuptools<81"], check=True, stdout=sys.stderr)
    return python


def peak(folder: Path) -> tuple[float, float]:
    """Return the peak memory in MB of Apply on a 4096² JPEG, models included, without and with measures."""
    path = folder / "large.jpg"
    buffer = io.BytesIO()
    Image.fromarray(photograph(LARGE)).save(buffer, "JPEG", quality=92)
    path.write_bytes(buffer.getvalue())
    done = subprocess.run([sys.executable, "-c", PEAK, str(path)], capture_output=True, text=True, check=True)
    applied, whole = (float(word) for word in done.stdout.split())
    return applied, whole


def table(head: str, rows: Mapping[str, float], goals: Mapping[str, str]) -> list[str]:
    """Write a Markdown table of times, with the ratio to the first row."""
    first = next(iter(rows.values()))
    lines = [f"| {head} | best ms | ratio | goal |", "|---|---|---|---|"]
    lines += [f"| {name} | {ms:.1f} | {ms / first:.2f} | {goals.get(name, '')} |" for name, ms in rows.items()]
    return [*lines, ""]


def main() -> None:
    """Measure, print Markdown, and write the figures as JSON where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE as well")
    asked = parser.parse_args()
    pixels = photograph(SIDE)
    reference = np.asarray(cv2.resize(skimage.data.coffee(), (SIDE, SIDE)), np.uint8)
    with tempfile.TemporaryDirectory() as name:
        figures = {
            "lut": lookup(pixels),
            "grain": grain(pixels),
            "match": matching(pixels, reference, Path(name)),
        }
        applied, whole = peak(Path(name))
    ratio = figures["match"]["color-matcher mkl"] / figures["match"]["atelier"]
    lines = table("33-point table, 1024²", figures["lut"], {"atelier": f"≤ {GOAL_LUT_MS:g} ms"})
    limit = f"≤ {GOAL_GRAIN_MS:g} ms"
    lines += table("grain, 1024²", figures["grain"], {"atelier, luminance": limit, "atelier, three layers": limit})
    lines += table("match and apply, 1024²", figures["match"], {"color-matcher mkl": f"≥ {GOAL_MATCH_RATIO:g} ×"})
    lines += [
        "| peak memory of a process, Apply of all three on a 4096² JPEG | MB | goal |",
        "|---|---|---|",
        f"| models, decoding, analysis, masks, styling | {applied:.0f} | ≤ {GOAL_PEAK_MB:g} |",
        f"| the same, measured and encoded | {whole:.0f} | |",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    if asked.json:
        asked.json.write_text(
            json.dumps({**figures, "match_ratio": ratio, "peak_mb": {"applied": applied, "whole": whole}}, indent=2)
        )


if __name__ == "__main__":
    main()
