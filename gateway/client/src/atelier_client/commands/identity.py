"""`atelier identity`: enrol people, compare and verify faces, hold a portrait to a profile."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from atelier_client.commands.people import identifier
from atelier_client.commands.pictures import FILE, FRACTION, assignment, in_and_out, shared_options
from atelier_client.commands.run import perform
from atelier_client.console import address_option
from atelier_client.report import Verdict
from atelier_client.studio import Atelier

if TYPE_CHECKING:
    from pathlib import Path

    from atelier_client.identity_results import Likeness, Profile
    from atelier_client.result import PictureResult
    from atelier_client.studio import AsyncAtelier

_DEADLINE_SECONDS = 120.0
_FEATURES = ("nose_width", "nose_length", "jaw_width", "mouth_width", "brow_height")
_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


@click.group()
def identity() -> None:
    """Tell people apart, and hold a portrait to a person.

    A profile is made of a few portraits of one person. It is kept encrypted and for a limited time, the pictures are
    not; deleting it deletes all that was derived from them.

    \b
    Examples:
      atelier identity enroll ada monday.jpg studio.jpg garden.jpg
      atelier identity verify ada candidate.jpg
      atelier identity compare one.jpg other.jpg --json
      atelier identity lock ada edited.jpg -o held.jpg --compare sheet.jpg
      atelier identity delete ada
    """  # noqa: D301 - \b is click's sign for a paragraph that keeps its lines


@identity.command()
@click.argument("name")
@click.argument("portraits", metavar="IMG…", nargs=-1, required=True, type=FILE)
@click.option("--days", metavar="N", type=click.FloatRange(min=0, min_open=True),
              help="How long to keep it.  [default: the operator's]")  # fmt: skip
@click.option("--keep-references", is_flag=True,
              help="Keep a cut-out of each face, encrypted: the profile outlives a change of encoder.")  # fmt: skip
@_json_option
@address_option
def enroll(name: str, portraits: tuple[Path, ...], address: str, **options: Any) -> None:
    """Make a profile NAME of 1 to 32 portraits of one person; three to ten of different days are best."""
    days: float | None = options["days"]
    with _studio(address) as studio:
        profile = studio.identity.create_profile(
            name,
            portraits,
            time_to_live=None if days is None else timedelta(days=days),
            keep_references=options["keep_references"],
        )
    if options["as_json"]:
        click.echo(json.dumps(_as_json(profile), indent=2))
        return
    Console().print(_described(profile))


@identity.command(name="list")
@_json_option
@address_option
def list_profiles(address: str, *, as_json: bool) -> None:
    """List the profiles, the newest first."""
    with _studio(address) as studio:
        found = studio.identity.profiles()
    if as_json:
        click.echo(json.dumps([_as_json(one) for one in found], indent=2))
        return
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for column in ("name", "references", "agreement", "kept until", "identifier"):
        table.add_column(column, no_wrap=column == "kept until", overflow="fold")
    for one in found:
        table.add_row(
            Text(one.name, style="bold"),
            str(one.reference_count),
            "-" if one.agreement is None else f"{one.agreement:.2f}",
            f"{one.expires:%Y-%m-%d %H:%M}",
            Text(one.id, style="dim"),
        )
    Console().print(table if found else "There are no profiles; `atelier identity enroll` makes one.")


@identity.command()
@click.argument("name")
@address_option
def delete(name: str, address: str) -> None:
    """Delete the profile NAME and all that was derived from its references."""
    with _studio(address) as studio:
        studio.identity.delete_profile(identifier(studio.identity.profiles(), name))
    Console(stderr=True).print(Text(f"{name} is deleted"))


@identity.command()
@click.argument("first", metavar="A", type=FILE)
@click.argument("second", metavar="B", type=FILE)
@_json_option
@address_option
def compare(first: Path, second: Path, address: str, *, as_json: bool) -> None:
    """Say how alike the faces of two portraits are."""
    with _studio(address) as studio:
        found = studio.identity.compare(first, second)
    if as_json:
        click.echo(json.dumps({**_likeness(found.likeness), "report": found.report.to_dict()}, indent=2))
        return
    _say(found.likeness)


@identity.command()
@click.argument("name")
@click.argument("portrait", metavar="IMG", type=FILE)
@click.option("--false-accept-rate", metavar="R", type=click.FloatRange(0.000001, 0.1), default=0.001,
              show_default=True, help="The share of other people's portraits that may pass.")  # fmt: skip
@_json_option
@address_option
@click.pass_context
def verify(ctx: click.Context, /, name: str, portrait: Path, address: str, **options: Any) -> None:
    """Say whether the face of IMG is that of the profile NAME.

    Exit status: 0 it is taken for the same person, 1 it is not, or that cannot be said.
    """
    with _studio(address) as studio:
        found = studio.identity.verify(
            identifier(studio.identity.profiles(), name), portrait, false_accept_rate=options["false_accept_rate"]
        )
    if options["as_json"]:
        said = {
            **_likeness(found.likeness),
            "threshold": found.threshold,
            "confidence": found.confidence,
            "report": found.report.to_dict(),
        }
        click.echo(json.dumps(said, indent=2))
    else:
        _say(found.likeness)
    ctx.exit(0 if found.passed else 1)


@identity.command()
@click.argument("name")
@in_and_out
@click.option("--feature", "features", multiple=True, type=click.Choice(_FEATURES),
              help="A feature to hold, once or more often.  [default: nose_width, nose_length, jaw_width]")  # fmt: skip
@click.option("--strength", metavar="S", type=FRACTION, help="How much of the way back is gone, 0 to 1.  [default: 1]")
@click.option("--tolerance", metavar="T", type=click.FloatRange(0, 0.1),
              help="Deviation that is left alone, in distances between the pupils.  [default: 0.015]")  # fmt: skip
@shared_options
@click.pass_context
def lock(ctx: click.Context, /, name: str, source: Path, target: Path, **options: Any) -> None:
    """Bring the face of IN back to the proportions of the profile NAME by a small warp.

    Texture and background stay as they are. IN may be a folder; then all its pictures are worked on.
    """
    work = assignment(source, target, options)
    with _studio(options["address"]) as studio:
        profile = identifier(studio.identity.profiles(), name)

    async def apply(studio: AsyncAtelier, picture: Path) -> PictureResult:
        return await studio.identity.lock(
            profile,
            picture,
            features=options["features"],
            strength=options["strength"],
            tolerance=options["tolerance"],
            **work.call,
        )

    ctx.exit(1 if asyncio.run(perform(work, "Held", apply)) else 0)


def _studio(address: str) -> Atelier:
    return Atelier(address, deadline_seconds=_DEADLINE_SECONDS)


def _say(likeness: Likeness) -> None:
    colours: dict[Verdict, str] = {Verdict.PASS: "green", Verdict.FAIL: "red", Verdict.NOT_MEASURABLE: "yellow"}
    value = "not measurable" if likeness.similarity is None else f"similarity {likeness.similarity:.3f}"
    style = f"bold {colours.get(likeness.verdict, 'default')}"
    Console().print(Text.assemble((value, style), f"  {likeness.explanation}"))


def _described(profile: Profile) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_row(Text(profile.name, style="bold"), Text(profile.id, style="dim"))
    agreement = "" if profile.agreement is None else f", agreement {profile.agreement:.2f}"
    table.add_row(Text("references", style="dim"), Text(f"{profile.reference_count}{agreement}"))
    table.add_row(Text("kept until", style="dim"), Text(f"{profile.expires:%Y-%m-%d %H:%M} UTC"))
    table.add_row(Text("words", style="dim"), Text(", ".join(profile.anchors)))
    for one in profile.proportions:
        spread = "" if one.deviation is None else f" ± {one.deviation:.3f}"
        table.add_row(Text(one.feature.replace("_", " "), style="dim"), Text(f"{one.value:.3f}{spread}"))
    return table


def _as_json(profile: Profile) -> dict[str, Any]:
    """Describe a profile. Any: JSON."""
    return {
        "id": profile.id,
        "name": profile.name,
        "reference_count": profile.reference_count,
        "kept_reference_count": profile.kept_reference_count,
        "agreement": profile.agreement,
        "proportions": {one.feature: {"value": one.value, "deviation": one.deviation} for one in profile.proportions},
        "skin_ita_degrees": profile.skin_ita_degrees,
        "anchors": list(profile.anchors),
        "encoder": profile.encoder,
        "created": profile.created.isoformat(),
        "expires": profile.expires.isoformat(),
    }


def _likeness(likeness: Likeness) -> dict[str, Any]:
    """Describe a likeness. Any: JSON."""
    return {
        "similarity": likeness.similarity,
        "encoder_distance": likeness.encoder_distance,
        "false_accept_rate": likeness.false_accept_rate,
        "verdict": likeness.verdict.name,
        "explanation": likeness.explanation,
    }
