"""`python -m atelier_training_base`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click
import torch
from rich import progress
from rich.console import Console

from atelier_training_base.batches import Maker
from atelier_training_base.network import FULL, GUIDE
from atelier_training_base.pairs import PAIRS, TOGETHER, PairMaker, Pairs, draw, together
from atelier_training_base.refine import Refining
from atelier_training_base.release import ARCHIVE, DENOISER, REFINER, guided, learnt, released, trained
from atelier_training_base.release import release as write_release
from atelier_training_base.runs import CHECKPOINT, Plan, multiplies_bfloat16
from atelier_training_base.studio import studio
from atelier_training_base.train import Denoising

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from atelier_training_base.studio import Studio

FOLDER = click.Path(path_type=Path, file_okay=False)
# Where the repository keeps what comes of it, from this file.
ROOT = Path(__file__).parents[5]
WEIGHTS = ROOT / "deploy/models/src/atelier_models/weights"
KNOWLEDGE = ROOT / "services/generate/src/atelier_generate/base/knowledge.npz"
GUIDES, REFINERS = "guide", "refiner"  # their runs, folders in the work's
WORK = click.option(
    "--work", type=FOLDER, default=Path("out/training/base"), show_default=True, help="Survey, checkpoint and log."
)
MINUTES = click.option(
    "--minutes", default=60.0, show_default=True, help="Time of the whole run; the schedule follows it."
)
DEVICE = click.option("--device", default="cpu", show_default=True, help="cpu, or cuda where there is a GPU.")
START = click.option("--start", type=click.Path(path_type=Path, exists=True), help="A release's archive to begin from.")
THREADS = click.option("--threads", default=len(os.sched_getaffinity(0)), show_default=True, help="Processor threads.")


@click.group()
def base() -> None:
    """Train and release the embedded portrait generator."""


@base.command()
@click.argument("portraits", type=FOLDER)
@WORK
@MINUTES
@DEVICE
@THREADS
@click.option("--compiled/--eager", default=True, show_default=True, help="Let PyTorch compile the network.")
@START
@click.option(
    "--guide", is_flag=True, help="Train the small network that guides the other; a tenth of its time will do."
)
def train(
    portraits: Path,
    work: Path,
    minutes: float,
    device: str,
    threads: int,
    compiled: bool,
    start: Path | None,
    guide: bool,
) -> None:
    """Survey the folder PORTRAITS, fit the statistics and train the network.

    Goes on where it was broken off: what --work holds is taken up. With --start, a new run begins from what an earlier
    one has learnt: `atelier-base.zip` of the folder that `release` writes to.
    """
    maker = _maker(studio(portraits, work))
    folder, size = (work / GUIDES, GUIDE) if guide else (work, FULL)
    folder.mkdir(exist_ok=True)
    run = Denoising(_plan(folder, minutes, device, threads), maker, size, compiled=compiled)
    if start is not None:
        run.start(learnt(start, "guide" if guide else "network"))
    run.train()


@base.command()
@click.argument("portraits", type=FOLDER)
@WORK
@MINUTES
@DEVICE
@THREADS
@START
@click.option("--pairs", "count", default=1600, show_default=True, help="How many sitters are drawn to learn from.")
def refine(
    portraits: Path, work: Path, minutes: float, device: str, threads: int, start: Path | None, count: int
) -> None:
    """Draw sitters like those of the PORTRAITS, and train the refiner to make photographs of what is drawn.

    The generator is what --work has trained; what it has not is the released one's. The refiner begins as the
    denoiser, or with --start as an earlier refiner. Goes on where it was broken off, with the pairs that are there;
    remove `pairs.npz` for new ones.
    """
    torch.set_num_threads(threads)
    known = studio(portraits, work)
    network, guide = _denoiser(work, WEIGHTS / ARCHIVE)
    if not (work / PAIRS).is_file():
        drawing = draw(guided(network, guide).to(device), known.album, known.knowledge, count, 0, device)
        with progress.Progress(console=Console(stderr=True)) as bar:
            parts = list(bar.track(drawing, -(-count // TOGETHER), description="Drawing pairs"))
        together(parts).write(work / PAIRS)
    (work / REFINERS).mkdir(exist_ok=True)
    pairs = PairMaker(_maker(known), Pairs.read(work / PAIRS))
    first = network if start is None else learnt(start, "refiner")
    Refining(_plan(work / REFINERS, minutes, device, threads), pairs, first, released(guide, GUIDE)).train()


@base.command()
@click.argument("portraits", type=FOLDER)
@WORK
@click.option("--weights", type=FOLDER, default=WEIGHTS, show_default=True, help="Where the archive goes.")
def release(portraits: Path, work: Path, weights: Path) -> None:
    """Write networks and statistics to where the repository keeps them.

    A part that was not trained anew is the one of the release before.
    """
    studio(portraits, work).knowledge.write(KNOWLEDGE)
    archive = weights / ARCHIVE
    refiner = released(_part(work / REFINERS, archive, "refiner"))
    for line in write_release(guided(*_denoiser(work, archive)), refiner, given(), weights):
        click.echo(line)


def _denoiser(work: Path, archive: Path) -> tuple[Mapping[str, Tensor], Mapping[str, Tensor]]:
    return _part(work, archive, "network"), _part(work / GUIDES, archive, "guide")


def _part(folder: Path, archive: Path, part: str) -> Mapping[str, Tensor]:
    return trained(folder) if (folder / CHECKPOINT).is_file() else learnt(archive, part)


def _maker(known: Studio) -> Maker:
    return Maker(known.album, known.model, known.standard)


def _plan(folder: Path, minutes: float, device: str, threads: int) -> Plan:
    return Plan(folder, 60 * minutes, device, threads, half=multiplies_bfloat16(device))


def given() -> Mapping[str, Mapping[str, NDArray[np.float32]]]:
    """Return for each graph what answers are recorded for: what `atelier models verify` compares on."""
    from atelier_models import catalogue, parity

    known = catalogue.load().models
    return {graph: parity.pictures(known[graph.removesuffix(".onnx")]) for graph in (DENOISER, REFINER)}
