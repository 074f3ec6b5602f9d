"""`atelier capabilities` and `atelier presets`: what the running gateway offers."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from atelier_client.console import address_option
from atelier_client.studio import Atelier

if TYPE_CHECKING:
    from atelier_client.catalogue import CapabilityInfo

_COLOURS = {"ready": "green", "busy": "yellow"}
_DEADLINE_SECONDS = 10.0


@click.command()
@address_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def capabilities(address: str, *, as_json: bool) -> None:
    """List what the gateway can do, how it is, and within which limits."""
    found = _ask(address)
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(one) for one in found], indent=2))
        return
    for one in found:
        Console().print(_described(one))


@click.command()
@click.argument("kind", required=False)
@address_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def presets(kind: str | None, address: str, *, as_json: bool) -> None:
    """List the presets that the gateway knows, all or of one KIND.

    \b
    Examples:
      atelier presets            all of them
      atelier presets grade      the colour grades for `atelier style --grade`
      atelier presets stock      the film stocks for `atelier style --grain`
    """  # noqa: D301 - \b is click's sign for a paragraph that keeps its lines
    known = [preset for capability in _ask(address) for preset in capability.presets]
    found = [preset for preset in known if kind in {None, preset.kind}]
    if not found:
        kinds = ", ".join(sorted({preset.kind for preset in known})) or "none"
        raise click.ClickException(f"there are no presets of kind {kind!r}; kinds are: {kinds}")
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(one) for one in found], indent=2))
        return
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for column in ("kind", "name", "what it looks like"):
        table.add_column(column)
    for one in found:
        table.add_row(Text(one.kind, style="dim"), Text(one.name, style="bold"), Text(one.description))
    Console().print(table)


def _described(one: CapabilityInfo) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    health = Text(one.health, style=_COLOURS.get(one.health, "red"))
    table.add_row(Text(one.name, style="bold"), health.append(f"  {one.health_detail}" if one.health_detail else ""))
    limits = one.limits
    for label, text in (
        ("what", one.description),
        ("version", one.version),
        ("models", ", ".join(f"{model.name} {model.version} ({model.executor})" for model in one.models)),
        ("presets", ", ".join(f"{count} of {kind}" for kind, count in Counter(p.kind for p in one.presets).items())),
        (
            "limits",
            f"{limits['max_pixels'] / 1e6:.0f} megapixels, {limits['max_message_bytes'] / 1e6:.0f} MB a message, "
            f"{limits['max_concurrency']:.0f} calls at once and {limits['max_queue']:.0f} waiting, "
            f"{limits['max_deadline_seconds']:.0f} s at most",
        ),
    ):
        table.add_row(Text(label, style="dim"), Text(text))
    return table


def _ask(address: str) -> tuple[CapabilityInfo, ...]:
    with Atelier(address, deadline_seconds=_DEADLINE_SECONDS) as studio:
        return studio.catalogue.capabilities()
