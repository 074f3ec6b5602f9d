"""`python -m atelier_training_base`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from atelier_training_base.batches import Maker
from atelier_training_base.network import FULL, GUIDE
from atelier_training_base.release import ARCHIVE, guided, learnt, trained
from atelier_training_base.release import release as write_release
from atelier_training_base.studio import studio
from atelier_training_base.train import Plan, Run, multiplies_bfloat16

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

FOLDER = click.Path(path_type=Path, file_okay=False)
# Where the repository keeps what comes of it, from this file.
ROOT = Path(__file__).parents[5]
WEIGHTS = ROOT / "deploy/models/src/atelier_models/weights"
KNOWLEDGE = ROOT / "services/generate/src/atelier_generate/base/knowledge.npz"
GUIDES = "guide"  # the guide's run, a folder in the work's
WORK = click.option(
    "--work", type=FOLDER, default=Path("out/training/base"), show_default=True, help="Survey, checkpoint and log."
)


@click.group()
def base() -> None:
    """Train and release the embedded portrait generator."""


@base.command()
@click.argument("portraits", type=FOLDER)
@WORK
@click.option("--minutes", default=60.0, show_default=True, help="Time of the whole run; the schedule follows it.")
@click.option("--device", default="cpu", show_default=True, help="cpu, or cuda where there is a GPU.")
@click.option("--threads", default=len(os.sched_getaffinity(0)), show_default=True, help="Processor threads.")
@click.option("--compiled/--eager", default=True, show_default=True, help="Let PyTorch compile the network.")
@click.option("--start", type=click.Path(path_type=Path, exists=True), help="A release's archive to begin from.")
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
    known = studio(portraits, work)
    maker = Maker(known.album, known.model, known.standard)
    folder, size = (work / GUIDES, GUIDE) if guide else (work, FULL)
    folder.mkdir(exist_ok=True)
    half = multiplies_bfloat16(device)
    run = Run(Plan(folder, 60 * minutes, device, threads, compiled=compiled, half=half, size=size), maker)
    if start is not None:
        run.start(learnt(start, "guide" if guide else "network"))
    run.train()


@base.command()
@click.argument("portraits", type=FOLDER)
@WORK
@click.option("--weights", type=FOLDER, default=WEIGHTS, show_default=True, help="Where the archive goes.")
def release(portraits: Path, work: Path, weights: Path) -> None:
    """Write network, guide and statistics to where the repository keeps them.

    A guide that was not trained anew is the one of the release before.
    """
    studio(portraits, work).knowledge.write(KNOWLEDGE)
    guide = trained(work / GUIDES) if (work / GUIDES).is_dir() else learnt(weights / ARCHIVE, "guide")
    for line in write_release(guided(trained(work), guide), given(), weights):
        click.echo(line)


def given() -> Mapping[str, NDArray[np.float32]]:
    """Return what answers are recorded for: what `atelier models verify` compares on."""
    from atelier_models import catalogue, parity

    return parity.pictures(catalogue.load().models["portrait_denoiser"])
