"""Generate, speed and memory: four candidates, the first preview, what the service adds around a backend.

`python benchmarks/generate.py`. Each figure is the best of several rounds, since a machine that does something else can
only make a round slower; shares are of one and the same call. Processor time is what a call costs, whatever else runs.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from atelier_client import Atelier
from atelier_local.stack import running_stack

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.memory import peak_megabytes

if TYPE_CHECKING:
    from atelier_client.generate import Generated
    from atelier_local.stack import Stack

WORDS = "a calm person, soft window light, 85mm, plain grey background"
ROUNDS, CANDIDATES = 3, 4
GOAL_SECONDS, GOAL_PREVIEW_SECONDS, GOAL_MB = 12.0, 1.0, 1000


class Stopwatch:
    """Draws, and notes when what was heard first."""

    def __init__(self, client: Atelier, stack: Stack, *, previews: bool) -> None:
        self.heard: dict[str, float] = {}
        worked = processor_seconds(stack)
        self._started = time.perf_counter()
        self.drawn: Generated = client.generate(
            WORDS,
            candidates=CANDIDATES,
            seed=7,
            on_progress=lambda _: self._note("step"),
            on_preview=(lambda _: self._note("preview")) if previews else None,
            on_candidate=lambda _: self._note("candidate"),
        )
        self.seconds = time.perf_counter() - self._started
        self.worked = processor_seconds(stack) - worked

    def _note(self, what: str) -> None:
        self.heard.setdefault(what, time.perf_counter() - self._started)


def main() -> None:
    """Write the tables."""
    with (
        tempfile.TemporaryDirectory() as state,
        running_stack(Path(state)) as stack,
        Atelier(stack.address, deadline_seconds=600) as client,
    ):
        Stopwatch(client, stack, previews=False)  # what is loaded on first use
        plain = [Stopwatch(client, stack, previews=False) for _ in range(ROUNDS)]
        shown = [Stopwatch(client, stack, previews=True) for _ in range(ROUNDS)]
        peak = peak_megabytes(stack.pid("generate"))
        sys.stdout.write("\n".join([*whole(plain, shown, peak), *around(plain, shown)]))


def whole(plain: list[Stopwatch], shown: list[Stopwatch], peak: float) -> list[str]:
    """Write a table of what a caller waits for, and of the service's peak memory in megabytes."""
    seconds, preview = min(one.seconds for one in plain), min(one.heard["preview"] for one in shown)
    first = min(one.heard["candidate"] for one in plain)
    return [
        f"| {CANDIDATES} candidates of `atelier-base` | best | goal |",
        "|---|---|---|",
        f"| whole call | {seconds:.1f} s | ≤ {GOAL_SECONDS:g} s |",
        f"| processor time of all processes | {min(one.worked for one in plain):.1f} s | |",
        f"| first preview | {preview:.2f} s | ≤ {GOAL_PREVIEW_SECONDS:g} s |",
        f"| first candidate | {first:.1f} s | |",
        f"| peak memory of the service | {peak:.0f} MB | < {GOAL_MB} MB |",
        "",
    ]


def around(plain: list[Stopwatch], shown: list[Stopwatch]) -> list[str]:
    """Write a table of where the time goes: what is drawn, looked at, written, and what serving adds."""
    lines = ["| share of the whole call | without previews | with previews |", "|---|---|---|"]
    runs = [min(each, key=lambda one: one.seconds) for each in (plain, shown)]
    for stage in ("draw", "measure", "encode", "store"):
        shares = [one.drawn.report.milliseconds.get(stage, 0.0) / 10 / one.seconds for one in runs]
        lines.append(f"| {stage} | {shares[0]:.1f} % | {shares[1]:.1f} % |")
    rest = [100 - sum(one.drawn.report.milliseconds.values()) / 10 / one.seconds for one in runs]
    lines.append(f"| all else: gateway, streaming, client | {rest[0]:.1f} % | {rest[1]:.1f} % |")
    return [*lines, ""]


def processor_seconds(stack: Stack) -> float:
    """Return the processor time that the stack's processes have used, which other work does not lengthen."""
    seconds = 0.0
    for process in psutil.process_iter():
        try:
            if process.environ().get("ATELIER_STACK") == stack.record.id:
                used = process.cpu_times()
                seconds += used.user + used.system
        except psutil.Error:
            continue  # It has ended, or is somebody else's.
    return seconds


if __name__ == "__main__":
    main()
