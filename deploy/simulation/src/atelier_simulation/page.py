"""Tables and plots, put into the page between their marks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
from matplotlib import pyplot as plt

from atelier_simulation import experiments
from atelier_simulation.workload import EDIT, UPSCALE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from atelier_simulation.experiments import Row, ScaledRow

_STYLE: Final[Any] = {
    "font.size": 11,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def write(page: Path, images: Path) -> None:
    """Run all experiments, draw their plots and write their tables into the page."""
    text = page.read_text("utf-8")
    with mpl.rc_context():
        mpl.rcParams.update(_STYLE)
        for name, make in PARTS.items():
            text = between(text, name, make(images))
    page.write_text(text, encoding="utf-8")


def between(text: str, name: str, content: str) -> str:
    """Put content between the marks `<!-- name -->` and `<!-- /name -->`. Raises ValueError where they are missing."""
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"the page has no place for {name}")
    return pattern.sub(lambda found: f"{found[1]}{content}\n{found[2]}", text)


def table(head: Sequence[str], rows: Sequence[Sequence[str | float]]) -> str:
    """Write a Markdown table; numbers with three digits that count."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(map(_shown, row))} |" for row in rows)])


def _shown(value: str | float) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


def _percent(share: float) -> str:
    percent = 100 * min(share, 1.0)
    return f"{percent:.0f} %" if percent >= 10 else f"{percent:.2g} %" if percent else "0"


def _results(row: Row) -> list[str | float]:
    outcome = row.outcome
    times: list[str | float] = [1000 * outcome.quantile(0.5), 1000 * outcome.quantile(0.99)]
    return [*times, _percent(outcome.refused_share), _percent(outcome.use)]


_RESULTS = ("p50, ms", "p99, ms", "refused", "slots at work")


def _plain(rows: Sequence[Row]) -> str:
    return table((*rows[0].asked, *_RESULTS), [[*row.asked.values(), *_results(row)] for row in rows])


def _two(images: Path, name: str) -> tuple[Axes, Axes, Path]:
    _, (left, right) = plt.subplots(1, 2, figsize=(12, 4.5))
    return left, right, images / f"scale-{name}.png"


def _save(place: Path) -> None:
    plt.tight_layout()
    plt.savefig(place, dpi=110)
    plt.close()


def sizes(images: Path) -> str:
    """Draw and write how the choice fares, by the number of processes and of gateways."""
    left, right, place = _two(images, "choice")
    by_size = list(experiments.sizes())
    by_gateways = list(experiments.gateways())
    for axes, rows, key in ((left, by_size, "processes"), (right, by_gateways, "gateways")):
        for name in experiments.CHOICES:
            chosen = [row for row in rows if row.asked["choice"] == name]
            numbers = [float(row.asked[key]) for row in chosen]
            axes.plot(numbers, [row.outcome.quantile(0.99) for row in chosen], "o-", label=f"{name}, p99")
            axes.plot(numbers, [row.outcome.quantile(0.5) for row in chosen], "o:", label=f"{name}, p50")
        axes.set(xscale="log", xlabel=key, ylabel="seconds", ylim=(0, None), xticks=sorted({*numbers}))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.minorticks_off()
        axes.legend()
    left.set_title("one gateway, calls of 54 ms, load 0.8")
    right.set_title("64 processes, calls of 0.45 and 2.6 s, load 0.8")
    _save(place)
    return f"{_plain(by_size)}\n\n{_plain(by_gateways)}"


def queues(images: Path) -> str:
    """Draw and write what a queue's length does."""
    left, right, place = _two(images, "queue")
    rows = {workload.name: list(experiments.queues(workload)) for workload in (EDIT, UPSCALE)}
    for load in (0.7, 0.9, 1.2):
        chosen = [row for row in rows["edit"] if row.asked["load"] == load]
        label = f"load {load}"
        left.plot(experiments.ROOMS, [row.outcome.quantile(0.99) for row in chosen], "o-", label=label)
        right.plot(experiments.ROOMS, [100 * row.outcome.refused_share for row in chosen], "o-", label=label)
    left.set(title="edit: seconds of 99 calls in 100", xlabel="calls that may wait at a process", ylim=(0, None))
    right.set(title="edit: refused, %", xlabel="calls that may wait at a process", yscale="symlog")
    right.set_yticks([0, 1, 10, 20], ["0", "1", "10", "20"])
    for axes in (left, right):
        axes.set_xscale("log", base=2)
        axes.set_xticks(experiments.ROOMS, map(str, experiments.ROOMS))
        axes.legend()
    _save(place)
    return "\n\n".join(f"Calls of `{name}`:\n\n{_plain(found)}" for name, found in rows.items())


def scalings(images: Path) -> str:
    """Draw and write what targets and periods of growth do."""
    left, right, place = _two(images, "autoscaling")
    rows = list(experiments.scalings())
    for axes, name in ((left, "edit"), (right, "upscale")):
        for row in rows:
            if row.workload == name and row.scaling.target in {1.0, 1.4}:
                _history(axes, row)
        axes.set(title=f"{name}: replicas, load × 4 from minute 5 to 30", xlabel="minute", ylim=(0, None))
        axes.legend()
    _save(place)
    head = ("calls", "ready after, s", "grows once in, s", "target", "p50, ms", "p99, ms", "refused", "most", "use")
    return table(head, [_scaled(row) for row in rows])


def _history(axes: Axes, row: ScaledRow) -> None:
    times, numbers = zip(*(*row.scaled.history, (3000.0, row.scaled.history[-1][1])), strict=True)
    label = f"target {row.scaling.target:g}, once in {row.scaling.up_seconds:g} s"
    axes.step(np.divide(times, 60), numbers, where="post", label=label)


def _scaled(row: ScaledRow) -> list[str | float]:
    scaling, outcome = row.scaling, row.scaled.outcome
    asked: list[str | float] = [row.workload, scaling.start_seconds, scaling.up_seconds, f"{scaling.target:g}"]
    times = [1000 * outcome.quantile(0.5), 1000 * outcome.quantile(0.99)]
    most = max(number for _, number in row.scaled.history)
    return [*asked, *times, _percent(outcome.refused_share), most, _percent(row.scaled.use)]


def losses(images: Path) -> str:
    """Draw and write what becomes of calls when a machine is lost."""
    rows = list(experiments.losses())
    _, axes = plt.subplots(figsize=(12, 4))
    for row in rows:
        axes.plot(row.outcome.came, row.outcome.seconds, ".", markersize=4, label=str(row.asked["gateway"]))
    axes.set(xlabel="second in which a call came", ylabel="seconds until its answer", xlim=(100, 260), ylim=(0, None))
    axes.set_title("4 of 16 processes lost at 120 s: answered calls, by whether the gateway asks its connections")
    axes.legend()
    _save(images / "scale-loss.png")
    head = ("the gateway's connections are", "calls", "failed", "p99, ms", "longest, s")
    found = [
        (str(row.asked["gateway"]), row.outcome.calls, row.outcome.failed, 1000 * row.outcome.quantile(0.99),
         max(row.outcome.seconds))
        for row in rows
    ]  # fmt: skip
    return table(head, found)


def drains(_images: Path) -> str:
    """Write how long calls take at most that are on their way when a process is told to stop."""
    rows = [
        (workload.name, room, experiments.longest(workload, room)) for workload in (EDIT, UPSCALE) for room in (8, 16)
    ]
    return table(("calls", "may wait", "longest answered call at load 1.2, s"), rows)


PARTS = {"choice": sizes, "queue": queues, "autoscaling": scalings, "loss": losses, "drain": drains}
