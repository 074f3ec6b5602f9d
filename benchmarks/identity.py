"""Identity: how well the encoder tells people apart, and how fast it does.

The figures of accuracy are those of the encoder's own calibration (`python -m atelier_training_identity`), which
takes ten minutes and is not repeated here. Speed is that of one aligned face with its mirror image, which is one
embedding: alone and among eight callers, through Triton, whose dynamic batching joins what waits, and with the same
graph in this process.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from atelier_imaging.identity import embed_aligned, load_encoder
from atelier_imaging.identity.calibration import similarity_of_rate
from atelier_local.stack import running_stack
from atelier_models.home import default_home
from atelier_service.bridge import Bridge
from atelier_service.cancellation import Cancellation
from atelier_service.models.in_process import InProcessModels
from atelier_service.models.per_call import CallModels
from atelier_service.models.triton import TritonModels

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_service.models.backend import ModelBackend

ROUNDS, WARM_UP = 60, 8
CALLERS, FACES = 8, 160
GOAL_MS = 15.0
FACE = np.random.default_rng(1).uniform(0, 1, (1, 150, 150, 3)).astype(np.float32)


def embedder(backend: ModelBackend) -> Callable[[], object]:
    """Return a function that embeds one aligned face."""
    models = CallModels(backend, cancellation=Cancellation(), deadline=time.monotonic() + 600)
    return lambda: embed_aligned(FACE, models)


def milliseconds(work: Callable[[], object]) -> float:
    """Return how long one call took."""
    started = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - started)


def faces_a_second(work: Callable[[], object], callers: int) -> float:
    """Return how many faces a number of callers embed in a second, each one after the other."""
    with ThreadPoolExecutor(callers) as pool:
        started = time.perf_counter()
        list(pool.map(lambda _: work(), range(FACES)))
        return FACES / (time.perf_counter() - started)


def accuracy() -> str:
    """Return the figures of the encoder's calibration."""
    file = resources.files("atelier_imaging.identity").joinpath("encoders/face_encoder.json")
    known: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))["calibration"]
    calibration = load_encoder().calibration
    if calibration is None:
        raise RuntimeError("the default encoder has no calibration")
    lines = [
        f"{known['people']} people, {known['pairs']:,} pairs of different ones; {known['same_person_pairs']:,} pairs "
        "of a portrait and a variation of it (there is one portrait of each: no other day, no other camera).",
        "",
        "| equal-error rate | accuracy there | refused where 1 stranger in 1,000 passes |",
        "|---|---|---|",
        f"| {100 * known['equal_error_rate']:.3f} % (distance {known['equal_error_distance']:.3f}) "
        f"| {100 * known['accuracy_at_equal_error']:.3f} % "
        f"| {100 * calibration.false_reject_rate(similarity_of_rate(1e-3)):.2g} % or less |",
        "",
        "| variation | median distance | 1 in 100 beyond | refused | varied strangers accepted, at 1 in 1,000 |",
        "|---|---|---|---|---|",
        *(
            f"| {name} | {row['median_distance']:.3f} | {row['distance_of_1_in_100']:.3f} "
            f"| {100 * row['false_reject_rate']:.2f} % | {1000 * row['false_accept_rate_among_varied']:.2f} in 1,000 |"
            for name, row in known["by_variation"].items()
        ),
        "",
        "| skin, sex (as a network reads it) | people | strangers accepted, at 1 in 1,000 of all | refused |",
        "|---|---|---|---|",
        *(
            f"| {name} | {row['people']} | {1000 * row['false_accept_rate']:.2f} in 1,000 "
            f"| {100 * row['false_reject_rate']:.2f} % |"
            for name, row in (known["by_skin"] | known["by_sex"]).items()
        ),
    ]
    return "\n".join(lines)


def speed() -> str:
    """Measure one face and many, through Triton and here, in turns."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    folder = default_home() / "models"
    with tempfile.TemporaryDirectory() as state, running_stack(Path(state), only=("style",)) as stack:

        async def opened() -> TritonModels:
            return TritonModels(stack.triton_url, folder, Bridge(loop))

        triton = asyncio.run_coroutine_threadsafe(opened(), loop).result()
        sides = {"through Triton": embedder(triton), "in this process": embedder(InProcessModels(folder))}
        for work in sides.values():
            for _ in range(WARM_UP):
                work()
        one: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(ROUNDS):
            for name, work in sides.items():
                one[name].append(milliseconds(work))
        alone = {name: faces_a_second(work, 1) for name, work in sides.items()}
        many = {name: faces_a_second(work, CALLERS) for name, work in sides.items()}
        asyncio.run_coroutine_threadsafe(triton.close(), loop).result()
    rows = [
        f"| {name} | {min(one[name]):.1f} | {statistics.median(one[name]):.1f} | {alone[name]:.0f} | {many[name]:.0f} "
        f"| {many[name] / alone[name]:.2f} × |"
        for name in sides
    ]
    head = f"| one aligned face | best, ms | median, ms | faces/s alone | faces/s, {CALLERS} callers | ratio |"
    goal = f"Goal: at most {GOAL_MS:g} ms through Triton."
    batching = many["through Triton"] / alone["through Triton"]
    inside = many["through Triton"] / max(alone["in this process"], many["in this process"])
    ratio = (
        f"Dynamic batching against one by one: {batching:.2f} ×. Triton with {CALLERS} callers against the best of "
        f"this process: {inside:.2f} ×."
    )
    return "\n".join([head, "|---|---|---|---|---|---|", *rows, "", f"{goal} {ratio}"])


def main() -> None:
    """Print the section."""
    print(accuracy())  # noqa: T201 (a benchmark prints Markdown)
    print()  # noqa: T201
    print(speed())  # noqa: T201


if __name__ == "__main__":
    main()
