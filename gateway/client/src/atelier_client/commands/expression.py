"""`atelier expression`: expression, gaze and head pose."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from atelier_client.commands.completion import complete_preset
from atelier_client.commands.pictures import assignment, in_and_out, shared_options
from atelier_client.commands.run import perform
from atelier_client.face_change import Adjustment

if TYPE_CHECKING:
    from pathlib import Path

    from atelier_client.result import PictureResult
    from atelier_client.studio import AsyncAtelier

_SHARE = click.FloatRange(-1, 1)
_TURN = click.FloatRange(-15, 15)
_ANGLES = {"pitch", "yaw", "roll", "gaze_x", "gaze_y"}
_CONTROLS = (
    *("pitch", "yaw", "roll", "gaze_x", "gaze_y", "smile", "eye_open", "left_eye_open", "right_eye_open"),
    *("brow_raise", "mouth_corner", "facial_tension", "jaw_open"),
)


@click.command()
@in_and_out
@click.option("--expression", metavar="NAME", shell_complete=complete_preset("expression"),
              help="An expression by name; `atelier presets expression` lists them.")  # fmt: skip
@click.option("--smile", metavar="S", type=click.FloatRange(-0.3, 1.3),
              help="Mouth, cheeks and lids: -0.3 a slight frown, 1 a full smile, 1.3 a broad one.")  # fmt: skip
@click.option("--yaw", metavar="DEG", type=click.FloatRange(-25, 25),
              help="Turn the head to its own left (above 0) or right; beyond 15 needs a model.")  # fmt: skip
@click.option("--pitch", metavar="DEG", type=_TURN, help="Lift (above 0) or lower the head, -15 to 15.")
@click.option("--roll", metavar="DEG", type=_TURN, help="Tilt the head to its own left (above 0), -15 to 15.")
@click.option("--gaze-x", metavar="DEG", type=click.FloatRange(-30, 30), help="Turn both eyes to their own left.")
@click.option("--gaze-y", metavar="DEG", type=click.FloatRange(-20, 20), help="Turn both eyes up.")
@click.option("--eye-open", metavar="E", type=_SHARE, help="Close (-1) or open both eyes.")
@click.option("--left-eye-open", metavar="E", type=_SHARE, help="The same for the subject's left eye alone.")
@click.option("--right-eye-open", metavar="E", type=_SHARE, help="The same for the subject's right eye alone.")
@click.option("--brow-raise", metavar="B", type=_SHARE, help="Raise or lower the brows, -1 to 1.")
@click.option("--mouth-corner", metavar="M", type=_SHARE, help="Raise or lower the mouth corners alone, -1 to 1.")
@click.option("--facial-tension", metavar="T", type=_SHARE, help="Tighten brows, jaw and lips, or let them go.")
@click.option("--jaw-open", metavar="J", type=_SHARE, help="Close an open mouth to half (-1), or open it further.")
@click.option("--region", type=click.Choice(["face", "eyes", "lips", "brows"]), help="The only part that may move.")
@shared_options
@click.pass_context
def expression(ctx: click.Context, /, source: Path, target: Path, **options: Any) -> None:
    """Change expression, gaze or pose of a face.

    Everything is relative to the portrait as it is. Hair and neck go along with the head, shoulders and background
    stay; a mouth that is closed stays closed, and no teeth are invented. IN may be a folder; then all its pictures are
    worked on, several at once, and what fails is listed at the end.

    \b
    Examples:
      atelier expression in.jpg -o out.jpg --smile 0.5
      atelier expression in.jpg -o out.jpg --expression confident --yaw 4 --compare sheet.jpg
      atelier expression in.jpg -o out.jpg --yaw 8 --pitch -3 --roll 2 --gaze-x -8
      atelier expression in.jpg -o out.jpg --eye-open 0.3 --brow-raise 0.2 --report report.json
      atelier expression team/ -o friendly/ --expression subtle_smile

    \b
    The names come from the running gateway:
      atelier presets expression

    Exit status: 0 all done, 1 a picture failed, 2 a wrong command line, 3 no gateway answers.
    """  # noqa: D301 - \b is click's sign for a paragraph that keeps its lines
    wanted = _adjustment(options)
    work = assignment(source, target, options)

    async def apply(studio: AsyncAtelier, picture: Path) -> PictureResult:
        return await studio.expression.adjust(picture, wanted, **work.call)

    ctx.exit(1 if asyncio.run(perform(work, _label(wanted), apply)) else 0)


def _adjustment(options: dict[str, Any]) -> Adjustment:
    """Make what is asked for of the options. Any: click's values.

    Errors: click.UsageError when nothing is asked for.
    """
    fields = {f"{name}_degrees" if name in _ANGLES else name: options[name] for name in _CONTROLS}
    wanted = Adjustment(expression=options["expression"] or "", region=options["region"], **fields)
    if wanted.is_empty:
        raise click.UsageError("Nothing to do: give --expression, --smile, --yaw or another control.")
    return wanted


def _label(wanted: Adjustment) -> str:
    """Name what was asked for, for the label of a picture."""
    fields = asdict(wanted)
    name = str(fields.pop("expression")).replace("_", " ").capitalize()
    fields.pop("region")
    asked = [
        f"{field.removesuffix('_degrees').replace('_', ' ')} {value:+g}{'°' if field.endswith('_degrees') else ''}"
        for field, value in fields.items()
        if value is not None
    ]
    return ", ".join([name, *asked] if name else asked)
