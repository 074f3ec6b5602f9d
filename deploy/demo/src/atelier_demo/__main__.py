"""`make demo`: start the stack, draw a portrait from words, work on a real one, leave pictures and a report."""

from __future__ import annotations

import io
import json
import tempfile
import time
from pathlib import Path

import click
import skimage.data
from atelier_client import Atelier
from atelier_local.commands import SaysWhy
from atelier_local.stack import running_stack
from atelier_models.progress import OnConsole
from PIL import Image
from rich.console import Console

from atelier_demo import analysis, edit, expression, generate, identity, style, summary, upscale
from atelier_demo.studio import Studio

_PATIENCE_SECONDS = 900.0  # of a machine that does something else, too

STEPS = (generate.run, analysis.run, style.run, edit.run, expression.run, identity.run, upscale.run)
"""In this order; a capability adds its step here. Identity looks at all that was made before it; 4K comes last."""


@click.command(cls=SaysWhy)
@click.option("--out", "folder", type=click.Path(path_type=Path), default=Path("out/demo"), show_default=True)
def main(folder: Path) -> None:
    """Draw a portrait from words, and take a real one through face analysis and every installed capability.

    The portrait is scikit-image's astronaut (NASA, public domain). Pictures, a contact sheet and `report.json` are left
    in the folder.
    """
    console = Console()
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="atelier-demo-") as state,
        running_stack(Path(state), progress=OnConsole(console)) as stack,
        Atelier(stack.address, deadline_seconds=_PATIENCE_SECONDS) as client,
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
    for table in (summary.table(studio.reports), *studio.tables):
        console.print(table)
    for sentence in summary.unmeasured(studio.reports):
        console.print(f"  not measured: {sentence}", style="dim")
    sheets = ", ".join(sorted(path.name for path in (*folder.glob("*.jpg"), folder / "analysis.png")))
    console.print(f"{len(studio.reports)} pictures in {seconds:.1f} s; open in {folder}: {sheets}", highlight=False)


def _portrait() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(skimage.data.astronaut()).save(buffer, "PNG")
    return buffer.getvalue()


if __name__ == "__main__":
    main()
