"""How fast edit is in the running stack, what memory a large picture takes, how busy a batch keeps the cores."""

from __future__ import annotations

import io
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
import psutil
import skimage.data
from atelier_client import Atelier, Enhancement
from atelier_local.stack import running_stack
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from atelier_client import PictureResult

SIDE, LARGE = 1024, 4096
ROUNDS, BATCH, AT_ONCE = 15, 16, 4
GOALS_MS: Final = {"relight": 250.0, "enhance": 300.0}
GOAL_SECONDS, GOAL_MB, GOAL_BUSY = 5.0, 2000.0, 0.9

PEAK: Final = """
import resource, sys, time
from pathlib import Path
from atelier_imaging.decode import decode
from atelier_imaging.encode import encode
from atelier_imaging.portrait import Portrait
from atelier_models.home import default_home
from atelier_service.cancellation import Cancellation
from atelier_service.models.in_process import InProcessModels
from atelier_service.models.per_call import CallModels
from atelier_edit.enhance.measures import enhance_measures
from atelier_edit.enhance.operation import enhance
from atelier_edit.enhance.plan import EnhanceAsk, plan_enhance
from atelier_edit.relight import relight
from atelier_edit.relight_measures import relight_measures
from atelier_edit.relight_plan import RelightAsk, plan_relight
backend = InProcessModels(default_home() / "models")
models = CallModels(backend, cancellation=Cancellation(), deadline=time.monotonic() + 600)
started = time.perf_counter()
portrait = Portrait(decode(Path(sys.argv[1]).read_bytes()), models)
face = portrait.select()
if sys.argv[2] == "relight":
    plan = plan_relight(RelightAsk(pattern="rembrandt"), portrait, face)
    result = relight(portrait, plan)
    relight_measures(portrait, result, plan, face)
else:
    plan = plan_enhance(EnhanceAsk(), portrait, face)
    result = enhance(portrait.picture, plan)
    enhance_measures(portrait, result, plan)
encode(result)
print(time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def photograph(side: int) -> bytes:
    """Enlarge the astronaut's head and shoulders and write it as a JPEG."""
    crop = skimage.data.astronaut()[:384, 40:424]
    pixels = np.asarray(cv2.resize(crop, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def measure() -> dict[str, object]:
    """Measure everything, in a stack of its own."""
    with tempfile.TemporaryDirectory(prefix="atelier-bench-") as folder:
        path = Path(folder) / "large.jpg"
        path.write_bytes(photograph(LARGE))
        peaks = {name: peak(path, name) for name in GOALS_MS}
        with running_stack(Path(folder) / "state", only=("edit",)) as stack, Atelier(stack.address) as studio:
            calls: dict[str, Callable[[bytes], PictureResult]] = {
                "relight": lambda image: studio.edit.relight(image, "rembrandt"),
                "enhance": lambda image: studio.edit.enhance(image, Enhancement(eyes=40, lips=30, hair=30)),
            }
            times = {name: timed(call) for name, call in calls.items()}
            busy = batch(calls["relight"])
    return {"times": times, "peaks": peaks, "batch": busy}


def timed(call: Callable[[bytes], PictureResult]) -> dict[str, float]:
    """Time calls of 1024²: what the service says of itself, by stage, and what the client sees."""
    image = photograph(SIDE)
    for _ in range(3):
        call(image)
    before = processor_ms()
    stages: list[Mapping[str, float]] = []
    seen = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        stages.append(call(image).report.milliseconds)
        seen.append(1000 * (time.perf_counter() - started))
    inside = [sum(each.values()) for each in stages]
    found = {"service_best": min(inside), "service_median": statistics.median(inside)}
    found["service_processor"] = (processor_ms() - before) / ROUNDS
    found["client_median"] = statistics.median(seen)
    return found | {name: statistics.median(each[name] for each in stages) for name in stages[0]}


def processor_ms() -> float:
    """Return the processor time that services of edit have taken so far: it grows with work, not with others' work."""
    serving = [one for one in psutil.process_iter(["cmdline"]) if "atelier_edit" in (one.info["cmdline"] or ())]
    return 1000 * sum(one.cpu_times().user + one.cpu_times().system for one in serving)


def batch(call: Callable[[bytes], PictureResult]) -> dict[str, float]:
    """Send sixteen pictures of 1024², four at a time, and say what share of all cores was busy meanwhile."""
    images = [photograph(SIDE)] * BATCH
    before, started = psutil.cpu_times(), time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(call, images))
    seconds = time.perf_counter() - started
    after = psutil.cpu_times()
    idle = (after.idle - before.idle) + (after.iowait - before.iowait)
    return {"seconds": seconds, "busy": 1 - idle / (seconds * (psutil.cpu_count() or 1))}


def peak(path: Path, operation: str) -> dict[str, float]:
    """Run one operation on the large picture in a process of its own: seconds and MB, models included."""
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(path), operation], capture_output=True, text=True, check=True
    )
    seconds, megabytes = (float(word) for word in done.stdout.split())
    return {"seconds": seconds, "megabytes": megabytes}


def tables(figures: Mapping[str, object]) -> list[str]:
    """Write the figures as Markdown."""
    times: Mapping[str, Mapping[str, float]] = figures["times"]  # type: ignore[assignment]
    peaks: Mapping[str, Mapping[str, float]] = figures["peaks"]  # type: ignore[assignment]
    busy: Mapping[str, float] = figures["batch"]  # type: ignore[assignment]
    lines = [
        "| 1024² JPEG, running stack | best ms | median ms | processor ms | client's median ms | goal |",
        "|---|---|---|---|---|---|",
    ]
    for name, each in times.items():
        spent = f"{each['service_processor']:.0f} | {each['client_median']:.0f}"
        row = f"{each['service_best']:.0f} | {each['service_median']:.0f} | {spent}"
        lines.append(f"| {name}, in the service | {row} | ≤ {GOALS_MS[name]:g} ms |")
    lines += ["", "By stage, median ms:", ""]
    for name, each in times.items():
        stages = [f"{key} {value:.0f}" for key, value in each.items() if not key.startswith(("service_", "client_"))]
        lines.append(f"* {name}: {', '.join(stages)}")
    lines += ["", "| 4096² JPEG, one process, models included | s | MB | goal |", "|---|---|---|---|"]
    for name, each in peaks.items():
        goal = f"≤ {GOAL_SECONDS:g} s, ≤ {GOAL_MB:g} MB"
        lines.append(f"| {name}, measured and encoded | {each['seconds']:.1f} | {each['megabytes']:.0f} | {goal} |")
    told = f"{BATCH} pictures of 1024² relit through the gateway, {AT_ONCE} at a time: {busy['seconds']:.1f} s"
    share = f"{100 * busy['busy']:.0f} % busy (goal: above {100 * GOAL_BUSY:.0f} %; whatever else runs counts too)"
    lines += ["", f"{told}, all cores {share}."]
    return [*lines, ""]
