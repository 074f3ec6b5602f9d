"""`atelier compose`: the prompt that a brief becomes, without drawing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click
from atelier.v1 import generate_pb2
from google.protobuf import json_format
from rich.console import Console
from rich.table import Table
from rich.text import Text

from atelier_client.commands.direction import direction_options
from atelier_client.console import address_option
from atelier_client.studio import Atelier

if TYPE_CHECKING:
    from collections.abc import Mapping

_FAMILIES = ("natural", "long", "tags", "embedded", "flux", "flux2", "qwen", "z-image", "sdxl")
_DEADLINE_SECONDS = 10.0

_STYLE: Mapping[int, tuple[str, str]] = {
    generate_pb2.INTERPRETATION_KIND_UNDERSTOOD: ("understood", "green"),
    generate_pb2.INTERPRETATION_KIND_GUESSED: ("guessed", "yellow"),
    generate_pb2.INTERPRETATION_KIND_IGNORED: ("ignored", "red"),
}


@click.command()
@click.argument("text", default="")
@direction_options
@click.option("--family", default="", metavar="F", shell_complete=lambda _ctx, _param, start: [
                  one for one in _FAMILIES if one.startswith(start)],
              help="Phrase it for these models: natural, long, tags, or a model's own such as flux or sdxl.  "
                   "[default: those in use]")  # fmt: skip
@address_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def compose(*, text: str, preset: str, fields: dict[str, str], family: str, address: str, as_json: bool) -> None:
    """Write the prompt of a portrait, and draw nothing.

    TEXT is a brief in one's own words. What it was understood as, what was guessed and what the model in use cannot
    honour is listed below the prompt, with warnings of words that make faces look synthetic. Fields given with --set
    win over the text, the text over the preset.

    \b
    Examples:
      atelier compose "golden hour, 85mm, f/1.8, freckles, introspective"
      atelier compose "a woman in her fifties, short grey hair" --preset editorial
      atelier compose "a sailor" --set age=40 --set light=rembrandt --set ratio=6
      atelier compose "flawless skin, perfect face" --family sdxl
      atelier compose --preset cinematic --json
      atelier compose --set help

    Sides of a light are the camera's in TEXT ("light from the left"), the subject's own in --set side=left.

    Exit status: 0 composed, 1 refused, 2 a wrong command line, 3 no gateway answers.
    """  # noqa: D301 - \b is click's sign for a paragraph that keeps its lines
    if not (text.strip() or preset or fields):
        raise click.UsageError("Nothing to compose: give TEXT, --preset or --set.")
    with Atelier(address, deadline_seconds=_DEADLINE_SECONDS) as studio:
        try:
            composed = studio.compose(text, preset=preset, fields=fields, family=family)
        except ValueError as fault:
            raise click.UsageError(str(fault)) from None
    if as_json:
        click.echo(json.dumps(json_format.MessageToDict(composed, preserving_proto_field_name=True), indent=2))
        return
    show(composed)


def show(composed: generate_pb2.ComposedPrompt) -> None:
    """Print a prompt, what is warned of, and what became of each field."""
    console = Console(highlight=False)
    console.print(Text(composed.prompt.text, style="bold"))
    if composed.prompt.negative_text:
        console.print(Text.assemble(("not: ", "red"), (composed.prompt.negative_text, "dim")))
    for warning in composed.warnings:
        instead = f" Write instead: {warning.suggestion}." if warning.suggestion else ""
        told = (f"  {warning.phrase}", "yellow"), (f"  {warning.explanation}{instead}", "")
        console.print(Text.assemble(("\n! ", "bold yellow"), (warning.field, "dim"), *told))
    console.print()
    console.print(_interpretations(composed))


def _interpretations(composed: generate_pb2.ComposedPrompt) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for one in composed.interpretations:
        kind, colour = _STYLE.get(one.kind, ("", ""))
        table.add_row(
            Text(kind, style=colour), Text(one.field), Text(one.value, style="bold"), Text(one.explanation, style="dim")
        )
    return table
