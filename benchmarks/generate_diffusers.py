"""Generate with a diffusion model: what the backend adds to a pipeline, and the service to the backend.

`python benchmarks/generate_diffusers.py`, which goes on in `.venv-torch`. The pipeline is a random Stable Diffusion XL,
made on the spot, small enough for a processor; with a larger one all shares become less. What is added is timed inside
one and the same call, because two calls differ by more than that on a machine that does something else. Each figure is
the median of several rounds.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).parents[1]
TORCH = ROOT / ".venv-torch" / "bin" / "python"
WIDTH, HEIGHT, ROUNDS = 256, 320, 5
GOAL = 0.03

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from atelier.v1 import generate_pb2
    from atelier_generate.diffusion.backend import DiffusersBackend


@dataclass
class Clock:
    """Processor seconds of one drawing: of all threads, inside the pipeline, and of what is called between steps."""

    whole: float = 0.0
    pipeline: float = 0.0
    between: float = 0.0

    @property
    def added(self) -> float:
        """Return what comes on top of the pipeline, as a share of it."""
        alone = self.pipeline - self.between
        return (self.whole - alone) / alone


def main() -> None:
    """Write the tables."""
    if find_spec("torch") is None:
        os.execv(TORCH, [str(TORCH), "-W", "ignore", *sys.argv])  # noqa: S606 (into the environment that has it)
    sys.path.insert(0, str(ROOT))
    import torch

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as home:
        backend = made(Path(home))
        sys.stdout.write("\n".join([*around_the_pipeline(backend), *around_the_backend(backend, Path(home))]))


def made(home: Path) -> DiffusersBackend:
    """Make a backend with a checkpoint of its own, loaded; it draws in as many steps as its family does."""
    from atelier_generate.diffusion.backend import DiffusersBackend
    from atelier_generate.diffusion.settings import DiffusersSettings

    from tests.services.generate.diffusion.tiny import sdxl

    sdxl(home / "checkpoints" / "sdxl", channels=(64, 128))
    side = round((WIDTH * HEIGHT) ** 0.5)
    backend = DiffusersBackend(DiffusersSettings(family_name="sdxl", home=home, device="cpu", side=side))
    ordered(backend, previews=True)  # what is loaded and learnt once
    return backend


def around_the_pipeline(backend: DiffusersBackend) -> list[str]:
    """Write a table of processor time: of the pipeline, and of what the backend does besides."""
    rows = []
    for title, previews in (("without previews", False), ("with a preview at each step", True)):
        clocks = [timed(backend, previews=previews) for _ in range(ROUNDS)]
        alone = statistics.median(one.pipeline - one.between for one in clocks)
        added = statistics.median(one.added for one in clocks)
        rows.append(f"| {title} | {alone:.2f} s | {added:+.1%} | ≤ {GOAL:.0%} |")
    studio: Any = backend._studio  # noqa: SLF001 (which knows its family's steps)
    steps = studio.family.steps
    head = f"| {WIDTH} × {HEIGHT} pixels in {steps} steps | the pipeline | what the backend adds | goal |"
    return [head, "|---|---|---|---|", *rows, ""]


def timed(backend: DiffusersBackend, *, previews: bool) -> Clock:
    """Have the backend draw, with a clock at the pipeline's two sides."""
    clock = Clock()
    with clocked(backend, clock):
        started = time.process_time()
        ordered(backend, previews=previews)
        clock.whole = time.process_time() - started
    return clock


@contextmanager
def clocked(backend: DiffusersBackend, clock: Clock) -> Iterator[None]:
    """Time the pipeline where it is called, and what it calls between two steps."""
    import atelier_generate.diffusion.drawing

    drawing: Any = atelier_generate.diffusion.drawing
    studio: Any = backend._studio  # noqa: SLF001 (the pipeline is inside)
    watching = drawing.watching
    pipeline_class = type(studio.loaded.pipeline)
    call = pipeline_class.__call__

    def between(pipeline: Any, after: Callable[[Any], Any]) -> Any:
        return watching(pipeline, lambda step: spent(clock, "between", lambda: after(step)))

    def inside(pipeline: Any, **named: Any) -> Any:
        return spent(clock, "pipeline", lambda: call(pipeline, **named))

    inside.__wrapped__ = call  # type: ignore[attr-defined] # whoever asks for its signature is shown the pipeline's
    drawing.watching, pipeline_class.__call__ = between, inside
    try:
        yield
    finally:
        drawing.watching, pipeline_class.__call__ = watching, call


def spent(clock: Clock, part: str, work: Callable[[], Any]) -> Any:
    """Do a piece of work and add the processor time of this thread to a part of a clock."""
    started = time.thread_time()
    try:
        return work()
    finally:
        setattr(clock, part, getattr(clock, part) + time.thread_time() - started)


def ordered(backend: DiffusersBackend, *, previews: bool) -> None:
    """Have the backend draw a candidate."""
    from atelier_generate.backend import Order, Sketch
    from atelier_generate.brief import Brief, Frame

    sketch = Sketch(7, Brief(frame=Frame(WIDTH, HEIGHT)), "a calm person", "waxy")
    models: Any = None  # of the catalogue none is asked for
    for _ in backend.draw(Order((sketch,), previews=previews), models, lambda: None):
        pass


def around_the_backend(backend: DiffusersBackend, state: Path) -> list[str]:
    """Write a table of a whole call over the service: what of it is drawing, looking, writing, and serving."""
    calls = asyncio.run(called(backend, state))
    stages = ("draw", "measure", "encode", "store")
    rows = []
    for stage in stages:
        seconds = statistics.median(told.get(stage, 0.0) for _, told in calls)
        share = statistics.median(told.get(stage, 0.0) / whole for whole, told in calls)
        rows.append(f"| {stage} | {seconds:.3f} s | {share:.1%} | |")
    seconds = statistics.median(whole - sum(told.values()) for whole, told in calls)
    share = statistics.median((whole - sum(told.values())) / whole for whole, told in calls)
    rows.append(f"| all else: admission, streaming, caller | {seconds:.3f} s | {share:.1%} | ≤ {GOAL:.0%} |")
    return [
        "| one candidate of 816 × 1024 pixels over the service | time | share of the call | goal |",
        "|---|---|---|---|",
        *rows,
        "",
    ]


async def called(backend: DiffusersBackend, state: Path) -> list[tuple[float, dict[str, float]]]:
    """Call the service for a candidate several times; return seconds of the whole and of each stage."""
    from atelier_service.models.in_process import InProcessModels

    from tests.services.generate.service.serving import models_folder, serving

    calls = []
    async with serving(state, InProcessModels(models_folder()), backend) as running:
        await running.ask(candidates=1, seed=7)  # what is loaded on first use
        for _ in range(ROUNDS):
            started = time.perf_counter()
            events = await running.ask(candidates=1, seed=7, include_previews=True)
            whole = time.perf_counter() - started
            calls.append((whole, stages_of(events[-1].result)))
    return calls


def stages_of(result: generate_pb2.GenerateResult) -> dict[str, float]:
    """Return the seconds of each stage."""
    return {one.stage: one.milliseconds / 1000 for one in result.report.timings}


if __name__ == "__main__":
    main()
