"""`atelier upscale`: 2K, 4K or a scale, for one picture or a folder of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from atelier_client.commands.completion import complete_preset
from atelier_client.commands.pictures import FRACTION, assignment, in_and_out, shared_options
from atelier_client.commands.run import perform, progress_bar

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from atelier_client.result import PictureResult
    from atelier_client.studio import AsyncAtelier
    from atelier_client.upscale import Progress

_ASKED = ("scale", "fidelity", "denoise", "grain", "seed", "force", "model")


@click.command()
@in_and_out
@click.option("--target", "size", metavar="NAME", shell_complete=complete_preset("size"),
              help="A size by name, 2K or 4K: the long edge becomes 2048 or 3840 pixels.")  # fmt: skip
@click.option("--scale", metavar="S", type=click.FloatRange(1, 4),
              help="How many times as wide and high, 1 to 4.  [default: 2]")  # fmt: skip
@click.option("--fidelity", metavar="F", type=FRACTION,
              help="How closely the result, made small again, must be the input; lower values leave the network more "
                   "freedom, to mend what is blurred or compressed.  [default: 1]")  # fmt: skip
@click.option("--denoise", metavar="D", type=FRACTION,
              help="How much noise and compression marks are taken away, 0 to 1.  [default: 0]")  # fmt: skip
@click.option("--grain", metavar="G", type=FRACTION,
              help="How much of the input's own grain is put back at the new size, 0 to 1.  [default: 0]")  # fmt: skip
@click.option("--seed", metavar="N", type=click.IntRange(0, 2**64 - 1), help="The same seed gives the same grain.")
@click.option("--force", is_flag=True, help="Work on a picture that is as large already; it keeps its size.")
@click.option("--model", metavar="NAME", help="Another upscaler that is installed, in place of Atelier's own.")
@shared_options
@click.pass_context
def upscale(ctx: click.Context, /, source: Path, target: Path, **options: Any) -> None:
    """Enlarge a portrait to 2K, 4K or by a scale, with its lashes, hair and pores.

    IN may be a folder; then all its pictures are worked on, several at once, and what fails is listed at the end.

    \b
    Examples:
      atelier upscale in.jpg -o out.jpg --target 4K
      atelier upscale in.jpg -o out.png --scale 4 --compare sheet.jpg --report report.json
      atelier upscale old.jpg -o out.jpg --target 2K --fidelity 0.3 --denoise 0.6 --grain 0.5
      atelier upscale shoot/ -o large/ --scale 2 --format webp

    Exit status: 0 all done, 1 a picture failed, 2 a wrong command line, 3 no gateway answers.
    """  # noqa: D301 - \b is click's sign for a paragraph that keeps its lines
    if options["size"] is not None and options["scale"] is not None:
        raise click.UsageError("--target and --scale exclude each other: give one of them.")
    asked = {"target": options["size"], **{name: options[name] for name in _ASKED}}
    todo, bar = assignment(source, target, options), progress_bar()

    async def apply(studio: AsyncAtelier, picture: Path) -> PictureResult:
        task = bar.add_task("", total=None, name=f"  {picture.name}")
        try:
            return await studio.upscale(picture, **todo.call, on_progress=_shown(bar, task), **asked)
        finally:
            bar.remove_task(task)

    failed = asyncio.run(perform(todo, _label(asked), apply, bar))
    ctx.exit(1 if failed else 0)


def _label(asked: dict[str, Any]) -> str:
    """Name what is done, for the contact sheet."""
    return asked["target"] or f"{asked['scale'] or 2:g} times as large"


def _shown(bar: Bar, task: TaskID) -> Callable[[Progress], None]:
    """Return what moves a task of the bar with the work."""

    def show(progress: Progress) -> None:
        bar.update(task, completed=progress.steps_done, total=progress.steps_total or None)

    return show
