"""What every command that works on pictures shares: its options, its files, what is refused before any work."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from atelier_client.batch import FORMATS, Job, jobs_of, name_of
from atelier_client.console import address_option
from atelier_client.editing import CallOptions
from atelier_client.parameters import FormatName, Output

if TYPE_CHECKING:
    from collections.abc import Callable

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
NEW_FILE = click.Path(dir_okay=False, writable=True, path_type=Path)
FRACTION = click.FloatRange(0, 1)

_IN_AND_OUT = (
    click.argument("source", metavar="IN", type=click.Path(exists=True, path_type=Path)),
    click.option("-o", "--output", "target", metavar="OUT", required=True, type=click.Path(path_type=Path),
                 help="Where the result goes: a file, or a folder (made if missing) when IN is one."),
)  # fmt: skip
_SHARED = (
    click.option("--format", "file_format", type=click.Choice(["png", "jpeg", "webp", "avif", "tiff"]),
                 help="Format of the result.  [default: by OUT's suffix, else the input's]"),
    click.option("--quality", metavar="Q", type=click.IntRange(1, 100), help="Quality of lossy formats, 1 to 100."),
    click.option("--bit-depth", type=click.Choice(["8", "16"]), help="Bits per channel."),
    click.option("--profile", type=click.Choice(["srgb", "display-p3"]),
                 help="Colour profile.  [default: the input's]"),
    click.option("--strip-metadata", is_flag=True, help="Leave out EXIF and XMP."),
    click.option("--identity-floor", metavar="S", type=FRACTION,
                 help="Lowest similarity to the input that is accepted, 0 to 1; 0.5 is beyond all but 1 in 100,000 "
                      "strangers.  [default: any]"),
    click.option("--lower-strength", is_flag=True,
                 help="Make an edit weaker rather than fail, until the identity floor is kept."),
    click.option("--report", metavar="R.json", type=NEW_FILE, help="Write what was done and measured."),
    click.option("--compare", metavar="SHEET.jpg", type=NEW_FILE,
                 help="Write a labelled before/after contact sheet."),
    click.option("--json", "as_json", is_flag=True, help="Print what became of each file as JSON on stdout."),
    click.option("--jobs", metavar="N", type=click.IntRange(1, 32), default=4, show_default=True,
                 help="Pictures of a folder that are worked on at once."),
    click.option("--deadline", metavar="SECONDS", type=click.FloatRange(min=0, min_open=True), default=120.0,
                 show_default=True, help="Longest time for one picture."),
    address_option,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a command is to work on: the files, how results are written, what is written besides, and where.

    `call` is what every call is given besides its own parameters. `lut` is where the grade goes as a `.cube` file,
    `report` what was measured, `compare` the contact sheet.
    """

    jobs: list[Job]
    call: CallOptions
    report: Path | None
    compare: Path | None
    lut: Path | None
    as_json: bool
    at_once: int
    address: str
    deadline_seconds: float


def in_and_out(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command its input and its output."""
    return _given(command, _IN_AND_OUT)


def shared_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that all commands on pictures have."""
    return _given(command, _SHARED)


def assignment(source: Path, target: Path, options: dict[str, Any]) -> Assignment:
    """Make the assignment of a command's options. Any: click hands over whatever each option's type makes.

    Errors: click.UsageError for what could not be written, or would overwrite a picture.
    """
    compare: Path | None = options["compare"]
    if compare is not None and compare.suffix.lower() not in FORMATS:
        raise click.UsageError(f"--compare {compare.name!r} names no format: end it in .jpg or .png.")
    jobs, file_format = _jobs(source, target, options["file_format"])
    extras = {name: options.get(name) for name in ("export_lut", "report", "compare")}
    _check_extras(extras, jobs)
    return Assignment(
        jobs=jobs,
        call=_call_options(file_format, options),
        report=extras["report"],
        compare=compare,
        lut=extras["export_lut"],
        as_json=options["as_json"],
        at_once=options["jobs"],
        address=options["address"],
        deadline_seconds=options["deadline"],
    )


def _call_options(file_format: FormatName | None, options: dict[str, Any]) -> CallOptions:
    output = Output(
        format=file_format,
        quality=options["quality"],
        bit_depth={"8": 8, "16": 16, None: None}[options["bit_depth"]],
        profile=options["profile"],
        strip_metadata=options["strip_metadata"],
    )
    return CallOptions(
        output=output,
        identity_floor=options["identity_floor"],
        lower_strength_to_floor=options["lower_strength"],
    )


def at_most_one(options: dict[str, Any], *names: str) -> None:
    """Refuse options that exclude each other. Errors: click.UsageError."""
    given = [f"--{name.replace('_', '-')}" for name in names if options[name] is not None]
    if len(given) > 1:
        raise click.UsageError(f"{' and '.join(given)} exclude each other: give one of them.")


def _given(command: Callable[..., Any], options: tuple[Callable[..., Any], ...]) -> Callable[..., Any]:
    """Apply decorators so that the first stands first in the help."""
    return reduce(lambda decorated, option: option(decorated), reversed(options), command)


def _check_extras(extras: dict[str, Path | None], jobs: list[Job]) -> None:
    """Refuse now what could not be written, or would overwrite a picture, once all the work is done."""
    pictures = {path.resolve() for job in jobs for path in (job.source, job.target)}
    for name, path in extras.items():
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
