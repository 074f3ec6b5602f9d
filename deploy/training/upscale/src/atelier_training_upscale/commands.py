"""`python -m atelier_training_upscale`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeRemainingColumn

from atelier_training_upscale.release import release
from atelier_training_upscale.train import Plan, train

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FOLDER = click.Path(path_type=Path, file_okay=False)
# Where the repository keeps what comes of it, from this file.
ROOT = Path(__file__).parents[5]
WEIGHTS, PAPERS = ROOT / "deploy/models/src/atelier_models/weights", ROOT / "deploy/training/upscale"


@click.command()
@click.argument("portraits", type=FOLDER)
@click.option(
    "--work", type=FOLDER, default=Path("out/training/upscale"), show_default=True, help="Checkpoint and log."
)
@click.option("--minutes", default=100.0, show_default=True, help="Time of the whole run; the schedule follows it.")
@click.option("--device", default="cpu", show_default=True, help="cpu, or cuda where there is a GPU.")
@click.option("--threads", default=len(os.sched_getaffinity(0)), show_default=True, help="Processor threads.")
@click.option("--weights", type=FOLDER, default=WEIGHTS, show_default=True, help="Where the archive goes.")
@click.option("--papers", type=FOLDER, default=PAPERS, show_default=True, help="Where card and metrics go.")
def upscale(
    portraits: Path, work: Path, minutes: float, device: str, threads: int, weights: Path, papers: Path
) -> None:
    """Train the upscaling networks on the folder PORTRAITS, measure them, and write weights, card and metrics.

    Goes on where it was broken off: the checkpoint in --work is taken up. With --minutes used up it only measures and
    writes.
    """
    for folder in (work, weights, papers):
        folder.mkdir(parents=True, exist_ok=True)
    plan = Plan(portraits, work, 60 * minutes, device=device, threads=threads)
    with _progress() as progress:
        task = progress.add_task("Training", total=1.0, figures="")
        train(plan, lambda spent, figures: progress.update(task, completed=spent, figures=_line(figures)))
    for line in release(work, portraits, samples(), weights, papers):
        click.echo(line)


def samples() -> NDArray[np.float32]:
    """Return what answers are recorded for: the pictures that `atelier models verify` compares on."""
    from atelier_models import catalogue, parity

    return parity.pictures(catalogue.load().models["upscaler_faithful_x4"])["image"]


def _progress() -> Progress:
    columns = (*Progress.get_default_columns()[:2], TimeRemainingColumn(), TextColumn("{task.fields[figures]}"))
    return Progress(*columns, console=Console(stderr=True))


def _line(figures: dict[str, float]) -> str:
    return "  ".join(f"{name} {value:.4f}" for name, value in figures.items())
