"""`atelier enhance`: facial detail."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from atelier_client.commands.pictures import assignment, in_and_out, shared_options
from atelier_client.commands.run import perform
from atelier_client.light import Enhancement

if TYPE_CHECKING:
    from pathlib import Path

    from atelier_client.result import PictureResult
    from atelier_client.studio import AsyncAtelier

_CONTROL = click.FloatRange(0, 100)
_CONTROLS = (
    "skin_detail",
    "eyes",
    "lips",
    "hair",
    "shadow_transition",
    "sharpen",
    "smart_grain",
    "blemish",
    "even_skin",
)


@click.command()
@in_and_out
@click.option("--skin-detail", metavar="N", type=_CONTROL, help="Pores and fine relief of the skin.  [default: 80]")
@click.option("--eyes", metavar="N", type=_CONTROL, help="Iris, lashes and lids.  [default: 0]")
@click.option("--lips", metavar="N", type=_CONTROL, help="Relief and edge of the lips.  [default: 0]")
@click.option("--hair", metavar="N", type=_CONTROL, help="Strands of hair, brows and beard.  [default: 0]")
@click.option("--shadow-transition", metavar="N", type=_CONTROL,
              help="Softer steps from light to shadow.  [default: 0]")  # fmt: skip
@click.option("--sharpen", metavar="N", type=_CONTROL, help="The whole picture, without halos.  [default: 0]")
@click.option("--smart-grain", metavar="N", type=_CONTROL,
              help="Fine grain where the picture is smoother than its own noise.  [default: 2]")  # fmt: skip
@click.option("--blemish", metavar="N", type=_CONTROL,
              help="Even out passing blemishes; moles and scars stay.  [default: 0]")  # fmt: skip
@click.option("--even-skin", metavar="N", type=_CONTROL, help="Even out blotches of skin colour.  [default: 0]")
@click.option("--mode", type=click.Choice(["faithful", "flexible"]),
              help="flexible: a restoration model may draw in what is missing.  [default: faithful]")  # fmt: skip
@shared_options
@click.pass_context
def enhance(ctx: click.Context, /, source: Path, target: Path, **options: Any) -> None:
    """Bring out the detail of a face.

    Every control runs from 0 (as it is) to 100 (as much as still looks real). What the picture holds becomes more
    visible; nothing is drawn in, nobody is beautified, and no pixel moves. IN may be a folder; then all its pictures
    are worked on, several at once, and what fails is listed at the end.

    \b
    Examples:
      atelier enhance in.jpg -o out.jpg
      atelier enhance in.jpg -o out.jpg --skin-detail 60 --eyes 50 --hair 40 --compare sheet.jpg
      atelier enhance in.jpg -o out.jpg --skin-detail 0 --even-skin 60 --shadow-transition 30
      atelier enhance shoot/ -o crisp/ --eyes 30 --sharpen 20 --report reports.json

    Exit status: 0 all done, 1 a picture failed, 2 a wrong command line, 3 no gateway answers.
    """  # noqa: D301 - \b is click's sign for a paragraph that keeps its lines
    wanted = Enhancement(mode=options["mode"], **{name: options[name] for name in _CONTROLS})
    work = assignment(source, target, options)

    async def apply(studio: AsyncAtelier, picture: Path) -> PictureResult:
        return await studio.edit.enhance(picture, wanted, **work.call)

    ctx.exit(1 if asyncio.run(perform(work, _label(options), apply)) else 0)


def _label(options: dict[str, Any]) -> str:
    """Name what was asked for, for the label of a picture. Any: click's values."""
    asked = [f"{name.replace('_', ' ')} {options[name]:g}" for name in _CONTROLS if options[name] is not None]
    return "Enhanced: " + ", ".join(asked) if asked else "Enhanced"
