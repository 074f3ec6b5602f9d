"""How long an adjustment takes at 1024 × 1024, stage by stage, and how much memory at 4096 × 4096."""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
import skimage.data
from atelier_expression.adjust import adjust, plan_adjustment
from atelier_expression.controls import Adjustment, Part
from atelier_expression.measures import measure as measures_of
from atelier_expression.wishes import Wish
from atelier_imaging.analysis import follow
from atelier_imaging.decode import decode
from atelier_imaging.encode import encode
from atelier_imaging.portrait import Portrait
from atelier_models.home import default_home
from atelier_service.cancellation import Cancellation
from atelier_service.models.in_process import InProcessModels
from atelier_service.models.per_call import CallModels
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    Made = TypeVar("Made")

SIDE, LARGE, ROUNDS = 1024, 4096, 12
GOAL_MS, GOAL_LARGE_S, GOAL_LARGE_MB = 150.0, 3.0, 2048.0
CASES: Final = {
    "smile 0.5": Adjustment(smile=0.5),
    "gaze 8°": Adjustment(gaze_x_degrees=8.0),
    "yaw 8°": Adjustment(yaw_degrees=8.0),
    "yaw 8°, smile 0.5, gaze 5°": Adjustment(yaw_degrees=8.0, smile=0.5, gaze_x_degrees=5.0),
}
STAGES: Final = ("decode", "analyse", "plan", "draw", "measure", "encode", "all")
# Run in a process of its own, whose memory is then that of one adjustment.
LARGE_RUN: Final = """
import resource, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from benchmarks.expression_speed import CASES, once
data = Path(sys.argv[1]).read_bytes()
times = [once(data, CASES["yaw 8°, smile 0.5, gaze 5°"])["all"] for _ in range(2)]
print(min(times) / 1000, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
_BACKEND = InProcessModels(default_home() / "models")


def photograph(side: int) -> bytes:
    """Enlarge head and shoulders of the astronaut and encode them as JPEG."""
    part = np.ascontiguousarray(skimage.data.astronaut()[0:320, 64:384])
    pixels = np.asarray(cv2.resize(part, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def once(data: bytes, asked: Adjustment) -> dict[str, float]:
    """Adjust one picture and return the milliseconds of each stage and of all."""
    times: dict[str, float] = {}

    def timed(stage: str, work: Callable[[], Made]) -> Made:
        started = time.perf_counter()
        result = work()
        times[stage] = 1000 * (time.perf_counter() - started)
        return result

    models = CallModels(_BACKEND, cancellation=Cancellation(), deadline=time.monotonic() + 600)
    portrait = Portrait(timed("decode", lambda: decode(data)), models)
    face = timed("analyse", lambda: portrait.faces)[0]
    plan = timed("plan", lambda: plan_adjustment(Wish(asked, None, Part.ALL, ()), portrait, face, models))
    adjusted = timed("draw", lambda: adjust(portrait, plan))
    mesh = adjusted.scene.mesh if adjusted.scene else face.mesh
    timed("measure", lambda: measures_of(portrait, adjusted, plan, follow(adjusted.picture.pixels, mesh, models)))
    timed("encode", lambda: encode(adjusted.picture))
    return {**times, "all": sum(times.values())}


def measure() -> dict[str, dict[str, float]]:
    """Time every case; of each stage the best of several rounds, the cases taking turns."""
    data = photograph(SIDE)
    best: dict[str, dict[str, float]] = {case: {} for case in CASES}
    for _ in range(ROUNDS):
        for case, asked in CASES.items():
            for stage, taken in once(data, asked).items():
                best[case][stage] = min(best[case].get(stage, taken), taken)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "large.jpg"
        path.write_bytes(photograph(LARGE))
        command = [sys.executable, "-c", LARGE_RUN, str(path), str(Path(__file__).parents[1])]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, peak = (float(word) for word in done.stdout.split())
    return {**best, "large": {"seconds": seconds, "peak_mb": peak}}


def tables(figures: dict[str, dict[str, float]]) -> list[str]:
    """Write the tables."""
    lines = [
        f"| {SIDE}², in process, best ms | " + " | ".join(STAGES) + " | goal |",
        "|---|" + "---|" * (len(STAGES) + 1),
    ]
    for case in CASES:
        cells = [f"{figures[case][stage]:.0f}" for stage in STAGES]
        lines.append(f"| {case} | " + " | ".join(cells) + f" | ≤ {GOAL_MS:g} |")
    large = figures["large"]
    return [
        *lines,
        "",
        f"| {LARGE}² JPEG, all of it, models included | | goal |",
        "|---|---|---|",
        f"| seconds | {large['seconds']:.2f} | ≤ {GOAL_LARGE_S:g} |",
        f"| peak memory of the process, MB | {large['peak_mb']:.0f} | ≤ {GOAL_LARGE_MB:g} |",
        "",
    ]
