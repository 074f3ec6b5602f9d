"""`atelier style`: grade, grain and skin tone, for one picture or a folder of them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import click

from atelier_client.batch import FORMATS, Job, jobs_of, name_of
from atelier_client.commands.completion import complete_preset
from atelier_client.commands.style_run import Extras, Looks, perform
from atelier_client.console import address_option
from atelier_client.parameters import FormatName, Grade, Grain, Output, SkinTone

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_NEW = click.Path(dir_okay=False, writable=True, path_type=Path)
_FRACTION = click.FloatRange(0, 1)


@click.command()
@click.argument("source", metavar="IN", type=click.Path(exists=True, path_type=Path))
@click.option("-o", "--output", "target", metavar="OUT", required=True, type=click.Path(path_type=Path),
              help="Where the result goes: a file, or a folder (made if missing) when IN is one.")  # fmt: skip
@click.option("--grade", metavar="NAME", shell_complete=complete_preset("grade"),
              help="A colour grade by name; `atelier presets grade` lists them.")  # fmt: skip
@click.option("--lut", type=_FILE, help="A colour grade from a .cube file.")
@click.option("--match", type=_FILE, help="Take over the colours of this picture.")
@click.option("--grain", metavar="STOCK", shell_complete=complete_preset("stock"),
              help="Film grain of a stock; `atelier presets stock` lists them.")  # fmt: skip
@click.option("--grain-from", type=_FILE, help="Film grain as estimated from this photograph.")
@click.option("--skin-tone", type=_FILE, help="Take over the tone of skin (not its lightness) of this portrait.")
@click.option("--skin-warmth", metavar="W", type=click.FloatRange(-1, 1), help="Warmer or cooler skin, -1 to 1.")
@click.option("--strength", metavar="S", type=_FRACTION,
              help="How much of all that is asked for is applied, 0 to 1.  [default: 1]")  # fmt: skip
@click.option("--grain-strength", metavar="S", type=click.FloatRange(0, 2), help="The same for grain alone, 0 to 2.")
@click.option("--seed", metavar="N", type=click.IntRange(0, 2**64 - 1), help="The same seed gives the same grain.")
@click.option("--protect-skin", metavar="P", type=_FRACTION, is_flag=False, flag_value=1.0,
              help="How far skin keeps its own colour under a grade, 0 to 1; alone: 1.  [default: 0.5]")  # fmt: skip
@click.option("--halation", metavar="H", type=_FRACTION, is_flag=False, flag_value=0.5,
              help="Reddish glow around highlights, 0 to 1; alone: 0.5.")  # fmt: skip
@click.option("--vignette", metavar="V", type=_FRACTION, is_flag=False, flag_value=0.5,
              help="Darkening towards the corners, 0 to 1; alone: 0.5.")  # fmt: skip
@click.option("--format", "file_format", type=click.Choice(["png", "jpeg", "webp", "avif", "tiff"]),
              help="Format of the result.  [default: by OUT's suffix, else the input's]")  # fmt: skip
@click.option("--quality", metavar="Q", type=click.IntRange(1, 100), help="Quality of lossy formats, 1 to 100.")
@click.option("--bit-depth", type=click.Choice(["8", "16"]), help="Bits per channel.")
@click.option("--profile", type=click.Choice(["srgb", "display-p3"]), help="Colour profile.  [default: the input's]")
@click.option("--strip-metadata", is_flag=True, help="Leave out EXIF and XMP.")
@click.option("--export-lut", metavar="F", type=_NEW, help="Write the grade as a .cube file for other programs.")
@click.option("--report", metavar="R.json", type=_NEW, help="Write what was done and measured.")
@click.option("--compare", metavar="SHEET.jpg", type=_NEW, help="Write a labelled before/after contact sheet.")
@click.option("--json", "as_json", is_flag=True, help="Print what became of each file as JSON on stdout.")
@click.option("--jobs", metavar="N", type=click.IntRange(1, 32), default=4, show_default=True,
              help="Pictures of a folder that are worked on at once.")  # fmt: skip
@click.option("--deadline", metavar="SECONDS", type=click.FloatRange(min=0, min_open=True), default=120.0,
              show_default=True, help="Longest time for one picture.")  # fmt: skip
@address_option
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
    _check_sheet(options["compare"])
    jobs, file_format = _jobs(source, target, options["file_format"])
    _check_extras(options, jobs)
    output = Output(
        format=file_format,
        quality=options["quality"],
        bit_depth={"8": 8, "16": 16, None: None}[options["bit_depth"]],
        profile=options["profile"],
        strip_metadata=options["strip_metadata"],
    )
    extras = Extras(options["export_lut"], options["report"], options["compare"], as_json=options["as_json"])
    connection = (options["address"], options["deadline"])
    failed = asyncio.run(perform(jobs, looks, output, extras, connection, at_once=options["jobs"]))
    ctx.exit(1 if failed else 0)


def _looks(options: dict[str, Any]) -> Looks:
    """Make what is asked for of the options. Any: click hands over whatever each option's type makes.

    Errors: click.UsageError when nothing is asked for, or two sources of one look.
    """
    _at_most_one(options, "grade", "lut", "match")
    _at_most_one(options, "grain", "grain_from")
    _at_most_one(options, "skin_tone", "skin_warmth")
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


def _at_most_one(options: dict[str, Any], *names: str) -> None:
    given = [f"--{name.replace('_', '-')}" for name in names if options[name] is not None]
    if len(given) > 1:
        raise click.UsageError(f"{' and '.join(given)} exclude each other: give one of them.")


def _check_sheet(compare: Path | None) -> None:
    if compare is not None and compare.suffix.lower() not in FORMATS:
        raise click.UsageError(f"--compare {compare.name!r} names no format: end it in .jpg or .png.")


def _check_extras(options: dict[str, Any], jobs: list[Job]) -> None:
    """Refuse now what could not be written, or would overwrite a picture, once all the work is done."""
    pictures = {path.resolve() for job in jobs for path in (job.source, job.target)}
    for name in ("export_lut", "report", "compare"):
        path: Path | None = options[name]
        if path is None:
            continue
        option = f"--{name.replace('_', '-')}"
        if path.resolve() in pictures:
            raise click.UsageError(f"{option} would overwrite {path}.")
        _check_folder(option, path)
        pictures.add(path.resolve())


def _check_folder(what: str, path: Path) -> None:
    if not path.absolute().parent.is_dir():
        raise click.UsageError(f"{what}: there is no folder {path.parent}.")


def _is_same(target: Path, source: Path) -> bool:
    return target.exists() and target.samefile(source)


def _jobs(source: Path, target: Path, file_format: FormatName | None) -> tuple[list[Job], FormatName | None]:
    """List what is to be done, and the format that is to be asked for.

    Errors: click.UsageError when source and target do not fit each other.
    """
    if source.is_dir():
        return _folder(source, target, file_format), file_format
    if target.is_dir():
        target = target / name_of(source, file_format)
    suffix = target.suffix.lower()
    named: Any = FORMATS.get(suffix)
    if named is None and file_format is None:
        raise click.UsageError(f"{target.name!r} names no format that can be written: end it in {', '.join(FORMATS)}.")
    if named and file_format and named != file_format:
        raise click.UsageError(f"--format {file_format} and the suffix of {target.name!r} disagree.")
    if _is_same(target, source):
        raise click.UsageError("OUT would overwrite IN.")
    _check_folder("OUT", target)
    return [Job(source, target)], file_format or named


def _folder(source: Path, target: Path, file_format: FormatName | None) -> list[Job]:
    if target.is_file():
        raise click.UsageError(f"IN is a folder, so OUT must be one too; {target} is a file.")
    if _is_same(target, source):
        raise click.UsageError("OUT would overwrite IN: name another folder.")
    jobs = jobs_of(source, target, file_format)
    if not jobs:
        raise click.UsageError(f"there are no pictures in {source}.")
    target.mkdir(parents=True, exist_ok=True)
    return jobs
