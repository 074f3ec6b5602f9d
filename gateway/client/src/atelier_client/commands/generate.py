"""`atelier generate`: portraits from a photographer's words."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource
from rich.text import Text

from atelier_client import sheet
from atelier_client.again import Record
from atelier_client.batch import FORMATS
from atelier_client.commands.direction import complete_names, direction_options, said_field
from atelier_client.commands.live import Live
from atelier_client.commands.people import identifier
from atelier_client.commands.pictures import FILE, FRACTION, NEW_FILE
from atelier_client.commands.run import measured
from atelier_client.console import address_option, errors
from atelier_client.parameters import Output
from atelier_client.studio import AsyncAtelier

if TYPE_CHECKING:
    from atelier_client.generate import Candidate, Generated, GenerateOptions


_OF_THE_RECORD = (
    "text", "preset", "fields", "candidates", "seed", "size", "aspect", "profile", "file_format", "quality",
    "strip_metadata",
)  # fmt: skip
"""What a record says of a portrait that is drawn again."""


@click.command()
@click.argument("text", required=False, default="")
@click.option("-o", "--output", "folder", metavar="DIR", required=True,
              type=click.Path(file_okay=False, writable=True, path_type=Path),
              help="Folder of the pictures, made if missing; each is named by its rank and its seed.")  # fmt: skip
@click.option("--candidates", metavar="N", type=click.IntRange(1, 8),
              help="How many to draw and rank, 1 to 8.  [default: 4]")  # fmt: skip
@click.option("--seed", metavar="N", type=click.IntRange(0, 2**64 - 1),
              help="Seed of the first; the others count up. The same seed draws the same portrait.")  # fmt: skip
@click.option("--size", metavar="NAME", help="Size by name: 1K, 2K or 4K.  [default: 1K]")
@click.option("--aspect", metavar="W:H", callback=said_field, shell_complete=complete_names,
              help="Width to height, such as 4:5 or 1:1.  [default: 4:5]")  # fmt: skip
@direction_options
@click.option("--person", "profile", metavar="NAME", default="",
              help="Name or ID of the person to draw; `atelier identity list` shows them.")  # fmt: skip
@click.option("--reference", "references", metavar="FILE", type=FILE, multiple=True,
              help="A portrait of the person to draw; up to 8.")  # fmt: skip
@click.option("--identity-floor", metavar="S", type=FRACTION,
              help="Lowest similarity to that person, 0 to 1.  [default: any]")  # fmt: skip
@click.option("--format", "file_format", type=click.Choice(["png", "jpeg", "webp", "avif", "tiff"]), default="png",
              show_default=True, help="Format of the pictures.")  # fmt: skip
@click.option("--quality", metavar="Q", type=click.IntRange(1, 100), help="Quality of lossy formats, 1 to 100.")
@click.option("--strip-metadata", is_flag=True, help="Leave out the record that draws a picture again.")
@click.option("--again", metavar="FILE", type=FILE,
              help="Draw a portrait again from its report or from the picture itself, and say whether it is the "
                   "same.")  # fmt: skip
@click.option("--sheet", "contact_sheet", metavar="SHEET.jpg", type=NEW_FILE, help="Write all candidates on one page.")
@click.option("--report", metavar="R.json", type=NEW_FILE, help="Write what was done and measured of the first.")
@click.option("--json", "as_json", is_flag=True, help="Print what was drawn as JSON on stdout.")
@click.option("--deadline", metavar="SECONDS", type=click.FloatRange(min=0, min_open=True), default=300.0,
              show_default=True, help="Longest time for the call.")  # fmt: skip
@address_option
@click.pass_context
def generate(ctx: click.Context, /, text: str, folder: Path, **options: Any) -> None:
    """Draw portraits of people who do not exist, and rank them from the most natural.

    TEXT says in your own words what is to be photographed and how. --set says it field by field, and wins.

    \b
    Examples:
      atelier generate "golden hour, 85mm, f/1.8, freckles, introspective" -o out/
      atelier generate "a keeper of bees, Rembrandt light" --set age=60 --seed 7 -o out/ --sheet sheet.jpg
      atelier generate --preset profile-photo --candidates 8 --aspect 1:1 -o out/ --report report.json
      atelier generate --again out/1-seed-9.png -o again/

    Exit status: 0 all done, 1 the call failed, 2 a wrong command line, 3 no gateway answers.
    """  # noqa: D301 - \b is click's sign for a paragraph that keeps its lines
    record = _record(ctx, options)
    if options["identity_floor"] and not (record or options["profile"] or options["references"]):
        raise click.UsageError("--identity-floor compares with a person: name one by --person or --reference.")
    _prepare(folder, options)
    with Live(previews=not options["as_json"]) as live:
        drawn = asyncio.run(_draw(text, record, options, live))
    _write(drawn, folder, options)
    _say(drawn, folder, options)
    if record:
        _compare(drawn, record)
    ctx.exit(0)


def _record(ctx: click.Context, options: dict[str, Any]) -> Record | None:
    """Read what is to be drawn again, if anything is. Errors: click.UsageError for options that it would overrule."""
    if not options["again"]:
        return None
    given = [
        one for one in ctx.command.params if ctx.get_parameter_source(one.name or "") is ParameterSource.COMMANDLINE
    ]
    overruled = [one.opts[-1] if one.name != "text" else "TEXT" for one in given if one.name in _OF_THE_RECORD]
    if overruled:
        raise click.UsageError(f"--again draws what the record says: leave out {', '.join(overruled)}.")
    record = Record.read(options["again"])
    if record.references != len(options["references"]):
        raise click.UsageError(f"{record.references} references drew that portrait: give them again by --reference.")
    return record


def _prepare(folder: Path, options: dict[str, Any]) -> None:
    """Make the folder, and refuse now what could not be written afterwards. Errors: click.UsageError, OSError."""
    sheet_file: Path | None = options["contact_sheet"]
    if sheet_file and sheet_file.suffix.lower() not in FORMATS:
        raise click.UsageError(f"--sheet {sheet_file.name!r} names no format: end it in .jpg or .png.")
    folder.mkdir(parents=True, exist_ok=True)
    for option, path in (("--sheet", sheet_file), ("--report", options["report"])):
        if path and not path.absolute().parent.is_dir():
            raise click.UsageError(f"{option}: there is no folder {path.parent}.")


async def _draw(text: str, record: Record | None, options: dict[str, Any], live: Live) -> Generated:
    heard: GenerateOptions = {
        "references": options["references"],
        "identity_floor": options["identity_floor"],
        "on_progress": live.progress,
        "on_candidate": live.candidate,
    }
    if live.shows_previews:
        heard["on_preview"] = live.preview
    async with AsyncAtelier(options["address"], deadline_seconds=options["deadline"]) as studio:
        if record:
            return await studio.generate.again(record, **heard)
        person = options["profile"]
        profile = identifier(await studio.identity.profiles(), person) if person else ""
        return await studio.generate(text, **_asked(options, profile), **heard)


def _asked(options: dict[str, Any], profile: str) -> dict[str, Any]:
    """Gather what is to be drawn. Any: click hands over whatever each option's type makes."""
    frame = {name: options[name] for name in ("size", "aspect") if options[name] is not None}
    return {
        "preset": options["preset"],
        "fields": {**options["fields"], **frame},
        "candidates": options["candidates"],
        "seed": options["seed"],
        "profile": profile,
        "output": Output(
            format=options["file_format"], quality=options["quality"], strip_metadata=options["strip_metadata"]
        ),
    }


def _name(rank: int, candidate: Candidate, drawn: Generated) -> str:
    suffix = drawn.media_type.rpartition("/")[2].replace("jpeg", "jpg")
    return f"{rank}-seed-{candidate.seed}.{suffix}"


def _write(drawn: Generated, folder: Path, options: dict[str, Any]) -> None:
    """Write the pictures, and what else was asked for."""
    for rank, candidate in enumerate(drawn.candidates, 1):
        candidate.save(folder / _name(rank, candidate, drawn))
    if options["report"]:
        options["report"].write_text(json.dumps(drawn.report.to_dict(), indent=2) + "\n", encoding="utf-8")
    if options["contact_sheet"]:
        tiles = [
            sheet.Tile(candidate.to_pil(), f"{rank}: seed {candidate.seed}", _scores(candidate))
            for rank, candidate in enumerate(drawn.candidates, 1)
        ]
        title = "Candidates, the most natural first"
        sheet.save(sheet.contact_sheet(tiles, title=title), str(options["contact_sheet"]))


def _scores(candidate: Candidate) -> str:
    known = [one for one in candidate.measures if one.value is not None]
    return ", ".join(f"{one.name.replace('_', ' ')} {one.value:.3g}" for one in known[:4])


def _say(drawn: Generated, folder: Path, options: dict[str, Any]) -> None:
    if options["as_json"]:
        files = [str(folder / _name(rank, one, drawn)) for rank, one in enumerate(drawn.candidates, 1)]
        click.echo(json.dumps({"files": files, "report": drawn.report.to_dict()}, indent=2))
        return
    console = errors()
    for rank, candidate in enumerate(drawn.candidates, 1):
        path = str(folder / _name(rank, candidate, drawn))
        mark = ("✓ ", "bold green") if rank == 1 else ("  ", "")
        console.print(Text.assemble(mark, (path, "bold" if rank == 1 else ""), f"  {_scores(candidate)}"))
    console.print(measured(drawn.report.measures))
    for note in drawn.report.notes:
        console.print(Text(f"    {note}", style="dim"))


def _compare(drawn: Generated, record: Record) -> None:
    """Say whether the portrait is the one that the record is of, and what has changed if it is not."""
    console = errors()
    if record.sha256 == drawn.report.output.sha256:
        console.print(Text.assemble(("✓ ", "bold green"), "byte for byte the same"))
    else:
        console.print(Text.assemble(("✗ ", "bold yellow"), "not the same bytes"))
    for difference in record.differences(drawn.report):
        console.print(Text(f"    {difference}", style="dim"))
