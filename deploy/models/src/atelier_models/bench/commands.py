"""The command `atelier models bench`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from atelier_models import installed
from atelier_models.engines.commands import PRECISIONS
from atelier_models.home import alone, default_home

if TYPE_CHECKING:
    from pathlib import Path

    from atelier_models.bench.comparison import Result
    from atelier_models.bench.contenders import Machine
    from atelier_models.catalogue import Model

_UNREST = 2  # on an idle machine the usual time is within a quarter of the best


@click.command()
@click.argument("names", metavar="[MODELS]...", nargs=-1)
@click.option("--write", is_flag=True, help="Make the fastest that serves each model's executor.")
@click.option("--rounds", type=click.IntRange(3, 1000), default=25, show_default=True, help="Timed runs of each.")
@click.option("--triton", metavar="HOST:PORT", help="The Triton that serves the engines of this machine's GPU.")
@click.option("--precision", type=PRECISIONS, default="fp16", show_default=True, help="Which engines.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array instead of a table.")
def bench(
    names: tuple[str, ...], rounds: int, triton: str | None, precision: str, *, write: bool, as_json: bool
) -> None:
    """Compare the executors of MODELS, or of all, that are present on this machine: how fast, and how right.

    Each is opened as it serves, warmed up, and timed on a batch of one in rounds: one run of each executor in turn, so
    that whatever else the machine does hits all of them. Each answers a portrait, its mirror image and noise, and is
    compared with the graph on ONNX Runtime; one that is off by more than the catalogue accepts is never chosen.

    \b
    tensorrt           engines of this GPU (atelier models build), timed by the Triton that serves them
    torch-compile      PyTorch's compiler (pip install 'atelier-models[bench]'); compared, never chosen
    onnxruntime-cuda   ONNX Runtime on the GPU (pip install onnxruntime-gpu)
    openvino           on the processor
    onnxruntime        on the processor

    One is chosen for the processor and, where both are here, one for the GPU. Nothing is changed without --write; with
    it the choice goes into each model.json, and into the repository that `atelier up` or `atelier models repository`
    writes next. Services that run already keep what they loaded.

    \b
    atelier models bench face_mesh iris
    atelier models bench --write
    atelier models bench --triton localhost:8001 --json
    """  # noqa: D301 - \b is click's sign for a paragraph that keeps its lines
    from atelier_models.bench.contenders import Machine, this_gpu
    from atelier_models.commands import _models
    from atelier_models.trial import thread_count

    machine = Machine(thread_count(), this_gpu(), triton, precision)  # type: ignore[arg-type]  # click has checked it
    _, chosen = _models(names)
    home = default_home()
    with alone(home):
        results = _compared(chosen, home, machine, rounds, write=write)
    if as_json:
        click.echo(json.dumps([result.as_json() for result in results], indent=2))
        return
    Console().print(table(results))
    for line in [*absences(results), *unrest(results)]:
        click.echo(line)


def table(results: list[Result]) -> Table:
    """Return those that are present, times in milliseconds."""
    numbers = [Column(title, justify="right") for title in ("best ms", "p50", "p90", "differs by")]
    made = Table(Column("model", no_wrap=True), "executor", *numbers, "chosen", box=None, pad_edge=False)
    for result in results:
        if result.absent is None:
            times = (f"{value:.2f}" for value in (result.best, result.p50, result.p90) if value is not None)
            differs = f"{100 * (result.differs or 0):.2g} % of accepted"
            made.add_row(result.model, result.executor, *times, differs, "chosen" if result.chosen else "")
    return made


def absences(results: list[Result]) -> list[str]:
    """Return a line for each executor that is not here and why, with the models where it is not so for all."""
    models: dict[tuple[str, str], list[str]] = {}
    for result in results:
        if result.absent is not None:
            models.setdefault((result.executor, result.absent), []).append(result.model)
    everybody = len({result.model for result in results})
    return [
        f"{executor} is absent{'' if len(of) == everybody else ' for ' + ', '.join(of)}: {why}"
        for (executor, why), of in models.items()
    ]


def unrest(results: list[Result]) -> list[str]:
    """Return a line that warns where usual times were far above the best ones: something else had the machine."""
    if any(result.best and result.p50 and result.p50 > _UNREST * result.best for result in results):
        return ["Usual times are far above the best ones: the machine was busy. Compare again when it is not."]
    return []


def _compared(models: list[Model], home: Path, machine: Machine, rounds: int, *, write: bool) -> list[Result]:
    from atelier_models.bench import comparison

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), TimeElapsedColumn())
    results: list[Result] = []
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("", total=rounds * len(models))
        for model in models:
            progress.update(task, description=f"Comparing {model.name}")
            found = comparison.compare(model, home, machine, rounds, lambda: progress.advance(task))
            if write:
                comparison.write(found, installed.require(model, home), machine.threads)
            results += found
    return results
