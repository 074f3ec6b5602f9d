"""`make demo`: start the stack, work on a real portrait, leave pictures and a report."""

from __future__ import annotations

import io
import json
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
import skimage.data
from atelier_client import Atelier, Verdict
from atelier_local.stack import running_stack
from atelier_models.progress import OnConsole
from PIL import Image
from rich.console import Console
from rich.table import Table

from atelier_demo import analysis, edit, expression, identity, style, upscale
from atelier_demo.studio import Studio

if TYPE_CHECKING:
    from atelier_client.report import Report

STEPS = (analysis.run, style.run, edit.run, expression.run, identity.run, upscale.run)
"""In this order; a capability adds its step here, before identity, which looks at all that was made."""

_COLORS = {Verdict.PASS: "green", Verdict.WARN: "yellow", Verdict.FAIL: "bold red"}


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
        running_stack(Path(state), progress=OnConsole(console)) as stack,
        Atelier(stack.address) as client,
    ):
        behind = f"models behind Triton at {stack.triton_url}" if stack.triton_url else "models in process"
        console.print(f"The stack is ready: gateway at {stack.address}, {behind}.", highlight=False)
        studio = Studio(client, _portrait(), folder)
        started = time.monotonic()
        for step in STEPS:
            console.print(f"  {step.__module__.rpartition('.')[2]} …")
            step(studio)
        seconds = time.monotonic() - started
    (folder / "report.json").write_text(json.dumps(studio.to_dict(), indent=2), encoding="utf-8")
    console.print(_table(studio))
    for table in studio.tables:
        console.print(table)
    for sentence in _unmeasured(studio):
        console.print(f"  not measured: {sentence}", style="dim")
    console.print(
        f"{len(studio.reports)} pictures in {seconds:.1f} s; open {folder}/style.jpg and {folder}/analysis.png"
    )


def _portrait() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(skimage.data.astronaut()).save(buffer, "PNG")
    return buffer.getvalue()


def _table(studio: Studio) -> Table:
    """Lay out what was measured: a row a picture, a column a measure, coloured by verdict."""
    measured = [measure for report in studio.reports.values() for measure in report.measures]
    names = dict.fromkeys(measure.name for measure in measured if measure.value is not None)
    units = {measure.name: measure.unit.replace("delta_e_2000", "ΔE00").replace("_", " ") for measure in measured}
    table = Table("picture", *(f"{name.replace('_', ' ')}\n[dim]{units[name]}[/]" for name in names))
    for name, report in studio.reports.items():
        table.add_row(name, *(_cell(report, measure) for measure in names))
    return table


def _cell(report: Report, name: str) -> str:
    """Write a measure's values, one a region, each coloured by its verdict."""
    values = [measure for measure in report.measures if measure.name == name and measure.value is not None]
    return " ".join(f"[{_COLORS.get(one.verdict, 'default')}]{one.value:.3f}[/]" for one in values) or "[dim]-[/]"


def _unmeasured(studio: Studio) -> list[str]:
    """List what could not be measured and why, each once."""
    measures = [measure for report in studio.reports.values() for measure in report.measures]
    return list(dict.fromkeys(f"{one.name}: {one.explanation}" for one in measures if one.value is None))


if __name__ == "__main__":
    main()
