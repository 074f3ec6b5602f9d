"""Doing what a command on pictures was asked: the calls, the bar, the files, the summary."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
from rich import filesize
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from atelier_client import batch
from atelier_client.comparison import Comparison
from atelier_client.console import errors, explain, headline
from atelier_client.report import Verdict
from atelier_client.studio import AsyncAtelier

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from atelier_client.batch import Job, Outcome
    from atelier_client.commands.pictures import Assignment
    from atelier_client.report import Measure
    from atelier_client.result import PictureResult

_VERDICT_STYLE = {Verdict.PASS: "green", Verdict.WARN: "yellow", Verdict.FAIL: "red", Verdict.NOT_MEASURABLE: "dim"}


async def perform(
    assignment: Assignment,
    label: str,
    operation: Callable[[AsyncAtelier, Path], Awaitable[PictureResult]],
    bar: Progress | None = None,
) -> int:
    """Work on all pictures, write all files, say what became of them, and return how many failed.

    `label` names what is done, for the contact sheet; `bar` is one that the operation adds tasks of its own to.

    Errors: UnavailableError when no gateway answers; OSError when a file besides the results cannot be written.
    """
    jobs = assignment.jobs
    comparison = Comparison(label, is_single=len(jobs) == 1) if assignment.compare else None
    async with AsyncAtelier(assignment.address, deadline_seconds=assignment.deadline_seconds) as studio:

        async def apply(source: Path) -> PictureResult:
            return await operation(studio, source)

        with bar or progress_bar() as shown:
            task = shown.add_task("", total=len(jobs), name=jobs[0].source.name if len(jobs) == 1 else "pictures")

            def note(job: Job, result: PictureResult | None) -> None:
                shown.advance(task)
                if comparison and result:
                    comparison.add(job.source, result)

            outcomes = await batch.run(jobs, apply, at_once=assignment.at_once, on_done=note)
    if comparison and assignment.compare:
        comparison.save(assignment.compare)
    _write(outcomes, assignment)
    _say(outcomes, as_json=assignment.as_json)
    return sum(outcome.error is not None for outcome in outcomes)


def progress_bar() -> Progress:
    """Make the bar that goes when all is done."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.fields[name]}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=errors(), transient=True)


def _write(outcomes: list[Outcome], assignment: Assignment) -> None:
    """Write the LUT of the first result, and the report: of one picture itself, of several by their file names."""
    luts = [outcome.lut for outcome in outcomes if outcome.lut]
    if assignment.lut and luts:
        assignment.lut.write_bytes(luts[0])
    if assignment.report:
        reports = {outcome.job.source.name: outcome.report.to_dict() for outcome in outcomes if outcome.report}
        content: dict[str, Any] = next(iter(reports.values()), {}) if len(outcomes) == 1 else reports
        assignment.report.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _say(outcomes: list[Outcome], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([_as_json(outcome) for outcome in outcomes], indent=2))
        return
    if len(outcomes) == 1:
        _say_one(outcomes[0])
        return
    console = errors()
    failed = [outcome for outcome in outcomes if outcome.error]
    console.print(f"{len(outcomes) - len(failed)} of {len(outcomes)} pictures done")
    for outcome in failed:
        if outcome.error:
            console.print(Text.assemble(("  ✗ ", "bold red"), f"{outcome.job.source.name}  ", headline(outcome.error)))


def _say_one(outcome: Outcome) -> None:
    if outcome.error:
        explain(outcome.error)
    if outcome.report is None:
        return
    console, report = errors(), outcome.report
    made = report.output
    seconds = sum(report.milliseconds.values()) / 1000
    size = f"{made.width} × {made.height} {made.format}, {filesize.decimal(made.size_bytes)}, {seconds:.2f} s"
    console.print(Text.assemble(("✓ ", "bold green"), (str(outcome.job.target), "bold"), f"  {size}"))
    if report.measures:
        console.print(measured(report.measures))
    for note in report.notes:
        console.print(Text(f"    {note}", style="dim"))


def measured(measures: Sequence[Measure]) -> Table:
    """Lay out measures: what, where, how much, and what that says; why, where one could not be taken."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 2))
    for measure in measures:
        value = "" if measure.value is None else f"{measure.value:.3g} {measure.unit}"
        verdict = Text(measure.verdict.name.lower().replace("_", " "), style=_VERDICT_STYLE.get(measure.verdict, ""))
        why = Text(f": {measure.explanation}" if measure.value is None else "", style="dim")
        name = Text.assemble(measure.name.replace("_", " "), (f"  {measure.region.replace('_', ' ')}", "dim"))
        table.add_row(name, Text(value), verdict.append_text(why))
    return table


def _as_json(outcome: Outcome) -> dict[str, Any]:
    """Describe an outcome. Any: JSON."""
    known: dict[str, Any] = {"input": str(outcome.job.source), "output": str(outcome.job.target)}
    if outcome.report:
        return {**known, "ok": True, "report": outcome.report.to_dict()}
    error = outcome.error
    return {
        **known,
        "ok": False,
        "error": {
            "message": headline(error) if error else "",
            "reason": getattr(error, "reason", ""),
            "metadata": getattr(error, "metadata", {}),
            "violations": {one.field: one.description for one in getattr(error, "violations", ())},
        },
    }
