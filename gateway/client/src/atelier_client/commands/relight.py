"""`atelier relight`: portraits in a new light."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from atelier_client.commands.completion import complete_preset
from atelier_client.commands.pictures import FILE, FRACTION, assignment, at_most_one, in_and_out, shared_options
from atelier_client.commands.run import perform
from atelier_client.light import LightRig, Relighting
from atelier_client.rig_file import RigFileError, read_rig

if TYPE_CHECKING:
    from atelier_client.result import PictureResult
    from atelier_client.studio import AsyncAtelier


class _RigFile(click.ParamType[LightRig]):
    """A YAML file with a light rig."""

    name = "rig.yaml"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> LightRig:
        """Read the file. Any: click hands over a default as it is."""
        if isinstance(value, LightRig):
            return value
        path: Path = FILE.convert(value, param, ctx)
        try:
            return read_rig(path)
        except RigFileError as error:
            self.fail(str(error), param, ctx)


@click.command()
@in_and_out
@click.option("--pattern", metavar="NAME", shell_complete=complete_preset("pattern"),
              help="A pattern of light by name; `atelier presets pattern` lists them.")  # fmt: skip
@click.option("--rig", metavar="F.yaml", type=_RigFile(), help="Lamps of one's own: key, fill, rim, ambient, ratio.")
@click.option("--reference", metavar="REF", type=FILE, help="Light it as this portrait is lit.")
@click.option("--mood", metavar="NAME", shell_complete=complete_preset("mood"),
              help="A mood by name; `atelier presets mood` lists them.")  # fmt: skip
@click.option("--side", type=click.Choice(["left", "right"]),
              help="Side of the key, the subject's own.  [default: the brighter one already]")  # fmt: skip
@click.option("--strength", metavar="S", type=FRACTION, help="How much of the new light, 0 to 1.  [default: 1]")
@click.option("--ratio", metavar="R", type=click.FloatRange(1, 16),
              help="Lit side to shadow side, 1 to 16: 2 is soft, 4 standard, 8 dramatic.")  # fmt: skip
@click.option("--kelvin", metavar="K", type=click.FloatRange(1500, 15000), help="Colour temperature of the key.")
@click.option("--softness", metavar="S", type=FRACTION, help="Softness of the key, 0 (a point) to 1 (a dome).")
@click.option("--preserve-detail", metavar="P", type=FRACTION,
              help="How much of the fine texture is the source's own, 0 to 1.  [default: 1]")  # fmt: skip
@click.option("--preserve-color", metavar="P", type=FRACTION,
              help="How far colours stay, 0 to 1: 1 changes brightness only.  [default: 0]")  # fmt: skip
@click.option("--finish", metavar="NAME", shell_complete=complete_preset("finish"),
              help="How skin mirrors the light: matte, natural or dewy.  [default: natural]")  # fmt: skip
@click.option("--background-falloff", metavar="B", type=FRACTION,
              help="How far the background follows the light, 0 to 1.")  # fmt: skip
@click.option("--background-warmth", metavar="W", type=click.FloatRange(-1, 1),
              help="Background bluer (-1) or more amber (1).")  # fmt: skip
@shared_options
@click.pass_context
def relight(ctx: click.Context, /, source: Path, target: Path, **options: Any) -> None:
    """Light a portrait anew.

    The light falls on the whole person; the picture's own detail stays. The report holds the light that was found in
    the picture and the one that was asked for, both as a rig. IN may be a folder; then all its pictures are worked on,
    several at once, and what fails is listed at the end.

    \b
    Examples:
      atelier relight in.jpg -o out.jpg --pattern rembrandt
      atelier relight in.jpg -o out.jpg --pattern split --side right --ratio 8 --strength 0.7
      atelier relight in.jpg -o out.jpg --mood warm-portrait --compare sheet.jpg
      atelier relight in.jpg -o out.png --rig my-studio.yaml --report light.json
      atelier relight in.jpg -o out.jpg --reference lit-like-this.jpg
      atelier relight shoot/ -o relit/ --pattern butterfly --kelvin 4800

    \b
    A rig is a YAML file; every key may be left out:
      key: {azimuth_degrees: 45, elevation_degrees: 40, softness: 0.4, kelvin: 5200}
      rim: {azimuth_degrees: -150, intensity: 0.8}
      ratio: 4

    Exit status: 0 all done, 1 a picture failed, 2 a wrong command line, 3 no gateway answers.
    """  # noqa: D301 - \b is click's sign for a paragraph that keeps its lines
    light = _light(options)
    work = assignment(source, target, options)

    async def apply(studio: AsyncAtelier, picture: Path) -> PictureResult:
        return await studio.edit.relight(picture, light, **work.call)

    ctx.exit(1 if asyncio.run(perform(work, _label(light), apply)) else 0)


def _light(options: dict[str, Any]) -> Relighting:
    """Make the light of the options. Any: click hands over whatever each option's type makes.

    Errors: click.UsageError when no light is asked for, or two.
    """
    at_most_one(options, "pattern", "rig", "reference")
    asked = ("pattern", "rig", "reference", "mood", "ratio", "kelvin", "softness")
    if all(options[name] is None for name in asked):
        raise click.UsageError("Nothing to do: give --pattern, --rig, --reference or --mood.")
    return Relighting(
        pattern=options["pattern"] or "",
        rig=options["rig"],
        match=options["reference"],
        mood=options["mood"] or "",
        finish=options["finish"] or "",
        **{name: options[name] for name in ("side", "ratio", "softness", "kelvin", "strength")},
        **{name: options[name] for name in ("preserve_detail", "preserve_color")},
        **{name: options[name] for name in ("background_falloff", "background_warmth")},
    )


def _label(light: Relighting) -> str:
    """Name the light for the label of a picture."""
    reference = f"lit like {Path(str(light.match)).name}" if light.match else ""
    own = "a rig" if light.rig is not None else ""
    names = [light.mood, light.pattern, own, reference]
    return " + ".join(name.replace("-", " ").replace("_", " ") for name in names if name) or "Relit"
