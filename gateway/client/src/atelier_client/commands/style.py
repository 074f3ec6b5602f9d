"""`atelier style`: grade, grain and skin tone, for one picture or a folder of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from atelier_client.commands.completion import complete_preset
from atelier_client.commands.pictures import (
    FILE,
    FRACTION,
    NEW_FILE,
    assignment,
    at_most_one,
    in_and_out,
    shared_options,
)
from atelier_client.commands.run import perform
from atelier_client.parameters import Grade, Grain, SkinTone

if TYPE_CHECKING:
    from pathlib import Path

    from atelier_client.result import PictureResult
    from atelier_client.studio import AsyncAtelier


@dataclass(frozen=True, slots=True)
class Looks:
    """What is to be applied."""

    grade: Grade | None
    grain: Grain | None
    skin_tone: SkinTone | None

    def label(self) -> str:
        """Name the looks for the label of a picture."""
        names = [
            _named("skin tone", self.skin_tone.match or f"warmth {self.skin_tone.warmth:+g}") if self.skin_tone else "",
            self.grade.preset or _named("like", self.grade.lut or self.grade.match) if self.grade else "",
            self.grain.stock or _named("grain of", self.grain.match) if self.grain else "",
        ]
        return " + ".join(name.replace("_", " ") for name in names if name) or "After"


@click.command()
@in_and_out
@click.option("--grade", metavar="NAME", shell_complete=complete_preset("grade"),
              help="A colour grade by name; `atelier presets grade` lists them.")  # fmt: skip
@click.option("--lut", type=FILE, help="A colour grade from a .cube file.")
@click.option("--match", type=FILE, help="Take over the colours of this picture.")
@click.option("--grain", metavar="STOCK", shell_complete=complete_preset("stock"),
              help="Film grain of a stock; `atelier presets stock` lists them.")  # fmt: skip
@click.option("--grain-from", type=FILE, help="Film grain as estimated from this photograph.")
@click.option("--skin-tone", type=FILE, help="Take over the tone of skin (not its lightness) of this portrait.")
@click.option("--skin-warmth", metavar="W", type=click.FloatRange(-1, 1), help="Warmer or cooler skin, -1 to 1.")
@click.option("--strength", metavar="S", type=FRACTION,
              help="How much of all that is asked for is applied, 0 to 1.  [default: 1]")  # fmt: skip
@click.option("--grain-strength", metavar="S", type=click.FloatRange(0, 2), help="The same for grain alone, 0 to 2.")
@click.option("--seed", metavar="N", type=click.IntRange(0, 2**64 - 1), help="The same seed gives the same grain.")
@click.option("--protect-skin", metavar="P", type=FRACTION, is_flag=False, flag_value=1.0,
              help="How far skin keeps its own colour under a grade, 0 to 1; alone: 1.  [default: 0.5]")  # fmt: skip
@click.option("--halation", metavar="H", type=FRACTION, is_flag=False, flag_value=0.5,
              help="Reddish glow around highlights, 0 to 1; alone: 0.5.")  # fmt: skip
@click.option("--vignette", metavar="V", type=FRACTION, is_flag=False, flag_value=0.5,
              help="Darkening towards the corners, 0 to 1; alone: 0.5.")  # fmt: skip
@click.option("--export-lut", metavar="F", type=NEW_FILE, help="Write the grade as a .cube file for other programs.")
@shared_options
@click.pass_context
def style(ctx: click.Context, /, source: Path, target: Path, **options: Any) -> None:
    """Give a portrait a colour grade, film grain or another tone of skin.

    No pixel moves: framing, geometry and the person stay as they are. IN may be a folder; then all its pictures are
    worked on, several at once, and what fails is listed at the end.

    \b
    Examples:
      atelier style in.jpg -o out.jpg --grade golden_warm
      atelier style in.jpg -o out.jpg --grade teal_orange --strength 0.6 --grain tri_x_400 --seed 7
      atelier style in.jpg -o out.png --match film-still.jpg --protect-skin 0.9
      atelier style in.jpg -o out.jpg --lut look.cube --vignette 0.2 --compare sheet.jpg
      atelier style in.jpg -o out.jpg --skin-tone reference.jpg --report report.json
      atelier style shoot/ -o graded/ --grade bleach_bypass --format webp --quality 90

    \b
    The names come from the running gateway:
      atelier presets grade
      atelier presets stock

    Exit status: 0 all done, 1 a picture failed, 2 a wrong command line, 3 no gateway answers.
    """  # noqa: D301 - \b is click's sign for a paragraph that keeps its lines
    looks = _looks(options)
    work = assignment(source, target, options)

    async def apply(studio: AsyncAtelier, picture: Path) -> PictureResult:
        return await studio.style.apply(
            picture, skin_tone=looks.skin_tone, grade=looks.grade, grain=looks.grain, **work.call
        )

    ctx.exit(1 if asyncio.run(perform(work, looks.label(), apply)) else 0)


def _looks(options: dict[str, Any]) -> Looks:
    """Make what is asked for of the options. Any: click hands over whatever each option's type makes.

    Errors: click.UsageError when nothing is asked for, or two sources of one look.
    """
    at_most_one(options, "grade", "lut", "match")
    at_most_one(options, "grain", "grain_from")
    at_most_one(options, "skin_tone", "skin_warmth")
    looks = Looks(_grade(options), _grain(options), _skin_tone(options))
    if looks == Looks(None, None, None):
        raise click.UsageError("Nothing to do: give --grade, --lut, --match, --grain, --grain-from or --skin-tone.")
    return looks


def _grade(options: dict[str, Any]) -> Grade | None:
    wanted = Grade(
        preset=options["grade"] or "",
        lut=options["lut"],
        match=options["match"],
        protect_skin=options["protect_skin"],
        halation=options["halation"],
        vignette=options["vignette"],
        strength=options["strength"],
        export_lut=options["export_lut"] is not None,
    )
    sources = ("grade", "lut", "match", "halation", "vignette")
    return wanted if any(options[name] is not None for name in sources) else None


def _grain(options: dict[str, Any]) -> Grain | None:
    if options["grain"] is None and options["grain_from"] is None:
        return None
    strength = options["grain_strength"] if options["grain_strength"] is not None else options["strength"]
    return Grain(stock=options["grain"] or "", match=options["grain_from"], strength=strength, seed=options["seed"])


def _skin_tone(options: dict[str, Any]) -> SkinTone | None:
    if options["skin_tone"] is None and options["skin_warmth"] is None:
        return None
    return SkinTone(match=options["skin_tone"], warmth=options["skin_warmth"], strength=options["strength"])


def _named(what: str, source: object) -> str:
    return f"{what} {getattr(source, 'name', source)}" if source is not None else ""
