"""`make demo`: start the stack, work on a real portrait, leave pictures and a report."""

from __future__ import annotations

import io
import json
import tempfile
import time
from pathlib import Path

import click
import skimage.data
from atelier_client import Atelier, Verdict
from atelier_local.commands import running_stack_with_progress
from PIL import Image
from rich.console import Console
from rich.table import Table

from atelier_demo import analysis, style
from atelier_demo.studio import Studio

STEPS = (analysis.run, style.run)
"""In this order; a capability adds its step here."""

_MARKS = {Verdict.PASS: "[green]pass[/]", Verdict.WARN: "[yellow]warn[/]", Verdict.FAIL: "[red]fail[/]"}


@click.command()
@click.option("--out", "folder", type=click.Path(path_type=Path), default=Path("out/demo"), show_default=True)
def main(folder: Path) -> None:
    """Take a real portrait through face analysis and every installed capability.

    The portrait is scikit-image's astronaut (NASA, public domain). Pictures, a contact sheet and `report.json` are left
    in the folder.
    """
    console = Console()
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="atelier-demo-") as state,
        running_stack_with_progress(Path(state), console=console) as stack,
        Atelier(stack.address) as client,
    ):
        studio = Studio(client, _portrait(), folder)
        started = time.monotonic()
        for step in STEPS:
            console.print(f"  {step.__module__.rpartition('.')[2]} …")
            step(studio)
        seconds = time.monotonic() - started
    (folder / "report.json").write_text(json.dumps(studio.to_dict(), indent=2), encoding="utf-8")
    console.print(_table(studio))
    console.print(f"{len(studio.reports)} pictures in {seconds:.1f} s. Open {folder}/style.jpg and {folder}/analysis.png")


def _portrait() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(skimage.data.astronaut()).save(buffer, "PNG")
    return buffer.getvalue()


def _table(studio: Studio) -> Table:
    """Lay out what was measured of each picture."""
    table = Table("picture", "measure", "value", "unit", "allowed", "verdict", title="What was measured")
    for name, report in studio.reports.items():
        for measure in report.measures:
            value = "-" if measure.value is None else f"{measure.value:.3f}"
            verdict = _MARKS.get(measure.verdict, measure.verdict.name.lower().replace("_", " "))
            table.add_row(
                name, measure.name, value, measure.unit, _allowed(measure.minimum, measure.maximum), verdict
            )
            name = ""  # noqa: PLW2901  # a picture's name stands once
        table.add_section()
    return table


def _allowed(minimum: float | None, maximum: float | None) -> str:
    if minimum is None and maximum is None:
        return ""
    if minimum is None:
        return f"≤ {maximum:g}"
    return f"≥ {minimum:g}" if maximum is None else f"{minimum:g} to {maximum:g}"


if __name__ == "__main__":
    main()
