"""What the demo measured, on one screen; `report.json` has all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atelier_client import Verdict
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atelier_client.report import Measure, Report

_JUDGED = (Verdict.PASS, Verdict.WARN, Verdict.FAIL)
_COLORS = {Verdict.PASS: "green", Verdict.WARN: "yellow", Verdict.FAIL: "bold red"}


def table(reports: dict[str, Report]) -> Table:
    """Lay out how like the source each picture is, how many gates it holds, and which it does not."""
    result = Table("picture", "similarity", "gates held", "outside its gate")
    for name, report in reports.items():
        judged = [measure for measure in report.measures if measure.verdict in _JUDGED]
        held = sum(measure.verdict is Verdict.PASS for measure in judged)
        result.add_row(name, _similarity(judged), f"{held} of {len(judged)}", _outside(judged))
    return result


def unmeasured(reports: dict[str, Report]) -> list[str]:
    """List what could not be measured and why, each once."""
    measures = [measure for report in reports.values() for measure in report.measures]
    return list(dict.fromkeys(f"{one.name}: {one.explanation}" for one in measures if one.value is None))


def _similarity(judged: Sequence[Measure]) -> str:
    for one in judged:
        if one.name == "identity_similarity" and one.value is not None:
            return f"[{_COLORS[one.verdict]}]{one.value:.2f}[/]"
    return "[dim]-[/]"


def _outside(judged: Sequence[Measure]) -> str:
    missed = [one for one in judged if one.verdict is not Verdict.PASS and one.value is not None]
    return ", ".join(f"[{_COLORS[one.verdict]}]{one.name} {one.value:.3g}[/]" for one in missed) or "[dim]-[/]"
