"""Generate with a diffusion model: what the backend adds to a pipeline, and the service to the backend.

`python benchmarks/generate_diffusers.py`, which goes on in `.venv-torch`. The pipeline is a random Stable Diffusion XL,
made on the spot, small enough for a processor; with a larger one all shares become less. The processor time of this
process is what counts in the first table, since other work on the machine does not lengthen it; the second takes its
shares from one and the same call. Each is the best of several rounds.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).parents[1]
TORCH = ROOT / ".venv-torch" / "bin" / "python"
WIDTH, HEIGHT, STEPS, ROUNDS = 256, 320, 10, 3
GOAL = 0.03

if TYPE_CHECKING:
    from atelier_generate.diffusion.backend import DiffusersBackend


def main() -> None:
    """Write the tables."""
    if find_spec("torch") is None:
        os.execv(TORCH, [str(TORCH), "-W", "ignore", *sys.argv])  # noqa: S606 (into the environment that has it)
    sys.path.insert(0, str(ROOT))
    import torch

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as home:
        backend = made(Path(home))
        sys.stdout.write("\n".join(around_the_pipeline(backend)))


def made(home: Path) -> DiffusersBackend:
    """Make a backend with a checkpoint of its own, loaded."""
    from atelier_generate.diffusion.backend import DiffusersBackend
    from atelier_generate.diffusion.settings import DiffusersSettings

    from tests.services.generate.diffusion.tiny import sdxl

    sdxl(home / "checkpoints" / "sdxl", channels=(64, 128))
    backend = DiffusersBackend(DiffusersSettings(family_name="sdxl", home=home, device="cpu"))
    studio: Any = backend._studio  # noqa: SLF001 (the pipeline is to be run without what is around it)
    studio.family = replace(studio.family, steps=STEPS)
    return backend


def around_the_pipeline(backend: DiffusersBackend) -> list[str]:
    """Write a table of processor time, of the pipeline alone and with the backend around it."""
    ordered(backend, previews=True)  # what is loaded and learnt once
    alone, plain, shown = [], [], []
    for _ in range(ROUNDS):
        alone.append(seconds_of(lambda: bare(backend)))
        plain.append(seconds_of(lambda: ordered(backend, previews=False)))
        shown.append(seconds_of(lambda: ordered(backend, previews=True)))
    base = min(alone)
    return [
        f"| {WIDTH} × {HEIGHT} pixels in {STEPS} steps | processor time | more than the pipeline | goal |",
        "|---|---|---|---|",
        f"| the pipeline alone | {base:.2f} s | | |",
        *(
            f"| {title} | {min(taken):.2f} s | {min(taken) / base - 1:+.1%} | ≤ {GOAL:.0%} |"
            for title, taken in (("by the backend", plain), ("with a preview at each step", shown))
        ),
        "",
    ]


def seconds_of(work: Any) -> float:
    """Return the processor time that a piece of work takes."""
    started = time.process_time()
    work()
    return time.process_time() - started


def bare(backend: DiffusersBackend) -> None:
    """Run the pipeline as anybody would."""
    import torch

    studio: Any = backend._studio  # noqa: SLF001 (as above)
    with torch.inference_mode():
        studio.loaded.pipeline(
            prompt="a calm person",
            negative_prompt="waxy",
            width=WIDTH,
            height=HEIGHT,
            num_inference_steps=STEPS,
            guidance_scale=5.0,
            generator=torch.Generator("cpu").manual_seed(7),
            output_type="np",
        )


def ordered(backend: DiffusersBackend, *, previews: bool) -> None:
    """Have the backend draw the same."""
    from atelier_generate.backend import Order, Sketch
    from atelier_generate.brief import Brief, Frame

    sketch = Sketch(7, Brief(frame=Frame(WIDTH, HEIGHT)), "a calm person", "waxy")
    models: Any = None  # of the catalogue none is asked for
    for _ in backend.draw(Order((sketch,), previews=previews), models, lambda: None):
        pass


if __name__ == "__main__":
    main()
