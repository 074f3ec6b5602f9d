"""`atelier lens`: depth of field, background, perspective, distortion and vignette, for a picture or a folder."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from atelier_client.commands.pictures import FRACTION, assignment, in_and_out, shared_options
from atelier_client.commands.run import perform

from atelier_lens import calls

if TYPE_CHECKING:
    from atelier_client.result import PictureResult
    from atelier_client.studio import AsyncAtelier

_FOCAL: Final = click.FloatRange(24, 200)
_COLOUR: Final = re.compile(r"#[0-9A-Fa-f]{6}")
# Blur of a background for which no amount is given.
_USUAL_BLUR: Final = 0.5


@click.command()
@in_and_out
@click.option("--focal", "focal_mm", metavar="MM", type=_FOCAL,
              help="Focal length on 36 x 24 mm, 24 to 200.  [default: 85]")  # fmt: skip
@click.option("--aperture", metavar="N", type=click.FloatRange(0.7, 32),
              help="Aperture as f-number, 0.7 to 32; left out, nothing is defocused.")  # fmt: skip
@click.option("--distance", "distance_m", metavar="M", type=click.FloatRange(0.2, 20),
              help="Metres from the lens to the eyes.  [default: what the framing takes]")  # fmt: skip
@click.option("--background-distance", "background_m", metavar="M", type=click.FloatRange(0.2, 1000),
              help="Metres from the eyes to the background.  [default: 2]")  # fmt: skip
@click.option("--focus", type=click.Choice(["face", "eyes"]),
              help="Keep the whole face sharp, or the plane of the eyes alone.  [default: face]")  # fmt: skip
@click.option("--blades", metavar="N", type=click.IntRange(5, 15),
              help="Blades of the aperture, 5 to 15.  [default: a round one]")  # fmt: skip
@click.option("--highlights", metavar="H", type=FRACTION,
              help="How bright clipped highlights were, 0 to 1: they bloom into discs.  [default: 0.5]")  # fmt: skip
@click.option("--background", metavar="IMG|COLOUR|blur",
              help="What stands behind: a picture, a colour such as #7a8c99, or `blur`.")  # fmt: skip
@click.option("--blur", metavar="B", type=FRACTION, help="How much `--background blur` blurs, 0 to 1.  [default: 0.5]")
@click.option("--adapt", metavar="A", type=FRACTION,
              help="How far the person takes on the new background's colour cast, 0 to 1.  [default: 0]")  # fmt: skip
@click.option("--vignette", metavar="V", type=FRACTION, is_flag=False, flag_value=1.0,
              help="Share of the lens's vignette, 0 to 1; alone: 1.")  # fmt: skip
@click.option("--distortion", "k1", metavar="K1", type=click.FloatRange(-0.3, 0.3), is_flag=False, flag_value=-0.08,
              help="Radial distortion, -0.3 (barrel) to 0.3 (pincushion); alone: -0.08.")  # fmt: skip
@click.option("--k2", metavar="K2", type=click.FloatRange(-0.1, 0.1), help="Its fourth-order coefficient.")
@click.option("--correct", is_flag=True, help="Take the distortion out instead of putting it in.")
@click.option("--taken-with", "taken_with_mm", metavar="MM", type=_FOCAL,
              help="Focal length it was taken with: the head is drawn in the perspective of --focal.")  # fmt: skip
@shared_options
@click.pass_context
def lens(ctx: click.Context, /, source: Path, target: Path, **options: Any) -> None:
    """Give a portrait another lens: shallow depth of field, another background, perspective, distortion, vignette.

    What is in focus keeps its own pixels. IN may be a folder; then all its pictures are worked on, several at once, and
    what fails is listed at the end.

    \b
    Examples:
      atelier lens in.jpg -o out.jpg --aperture 1.8
      atelier lens in.jpg -o out.jpg --focal 135 --aperture 2 --blades 7 --background-distance 5 --compare sheet.jpg
      atelier lens in.jpg -o out.png --background studio.jpg --adapt 0.5
      atelier lens in.jpg -o out.png --background '#7a8c99'
      atelier lens in.jpg -o out.jpg --focal 35 --taken-with 85 --distortion --vignette 0.5
      atelier lens shoot/ -o blurred/ --background blur

    Exit status: 0 all done, 1 a picture failed, 2 a wrong command line, 3 no gateway answers.
    """  # noqa: D301 - \b is click's sign for a paragraph that keeps its lines
    glass = _glass(options)
    work = assignment(source, target, options)

    async def apply(studio: AsyncAtelier, picture: Path) -> PictureResult:
        return await studio.perform(calls.lens, picture, glass, **work.call)

    ctx.exit(1 if asyncio.run(perform(work, _label(glass), apply)) else 0)


def _glass(options: dict[str, Any]) -> calls.Glass:
    """Make the lens of the options. Any: click hands over whatever each option's type makes.

    Errors: click.UsageError when nothing is asked for, or options do not fit each other.
    """
    own = {name: options[name] for name in calls.Glass.__dataclass_fields__ if name in options}
    own |= {"background": None, "blur": None} | _background(options["background"], options["blur"])
    glass = calls.Glass(**own)
    asked = (glass.aperture, glass.vignette, glass.k1, glass.k2, glass.taken_with_mm, glass.background, glass.colour)
    if all(each is None for each in (*asked, glass.blur)):
        raise click.UsageError(
            "Nothing to do: give --aperture, --background, --vignette, --distortion or --taken-with."
        )
    return glass


def _background(text: str | None, blur: float | None) -> dict[str, Any]:
    """Tell a colour, the word `blur` and a picture apart. Errors: click.UsageError."""
    if blur is not None and text != "blur":
        raise click.UsageError("--blur goes with --background blur.")
    if text is None:
        return {}
    if text == "blur":
        return {"blur": blur if blur is not None else _USUAL_BLUR}
    if _COLOUR.fullmatch(text):
        return {"colour": text}
    if not Path(text).is_file():
        raise click.UsageError(f"--background {text!r} is no picture, no colour such as #7a8c99, and not `blur`.")
    return {"background": Path(text)}


def _label(glass: calls.Glass) -> str:
    """Name the lens for the label of a picture."""
    parts = [f"{glass.focal_mm or 85:g} mm"]
    if glass.aperture is not None:
        parts.append(f"f/{glass.aperture:g}")
    if glass.background is not None or glass.colour is not None or glass.blur is not None:
        parts.append("another background" if glass.blur is None else "background blurred")
    return ", ".join(parts)
