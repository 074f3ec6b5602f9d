"""`atelier inspect`: the realism critic for one picture."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import click
from atelier_client import Atelier, Output, Verdict
from atelier_client.batch import FORMATS
from atelier_client.commands.pictures import FILE, NEW_FILE
from atelier_client.console import address_option
from google.protobuf import json_format
from rich.console import Console
from rich.table import Table
from rich.text import Text

from atelier_inspect.calls import inspect as criticised

if TYPE_CHECKING:
    from pathlib import Path

    from atelier.v1 import report_pb2

    from atelier_inspect.calls import Inspection
    from atelier_inspect.v1 import inspect_pb2

_VERDICTS: Final = {
    Verdict.INFORMATIVE: ("-", "dim"),
    Verdict.PASS: ("pass", "green"),
    Verdict.WARN: ("warn", "yellow"),
    Verdict.FAIL: ("fail", "red"),
    Verdict.NOT_MEASURABLE: ("not measurable", "dim"),
}


@click.command()
@click.argument("picture", metavar="IN", type=FILE)
@click.option("--source", metavar="SRC", type=FILE, help="The picture that IN was made from: says what became of it.")
@click.option("--annotate", metavar="OUT.jpg", type=NEW_FILE, help="Write the picture with the evidence drawn over it.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON on stdout.")
@address_option
@click.pass_context
def inspect(ctx: click.Context, /, picture: Path, address: str, **options: Any) -> None:
    """Say what looks real about a portrait, and what does not.

    Every measure comes with the percentile of real portraits that are lower, its weight in the score, a verdict and a
    sentence.

    \b
    Examples:
      atelier inspect in.jpg
      atelier inspect edited.jpg --source in.jpg --annotate evidence.jpg
      atelier inspect in.jpg --json

    Exit status: 0 the face looks real or nearly, 1 it does not (or the call failed), 2 a wrong command line, 3 no
    gateway answers.
    """  # noqa: D301 - \b is click's sign for a paragraph that keeps its lines
    target: Path | None = options["annotate"]
    output = _output(target)
    with Atelier(address) as studio:
        found = studio.perform(
            criticised, picture, source=options["source"], annotate=target is not None, output=output
        )
    if target is not None:
        target.write_bytes(found.annotated)
    if options["as_json"]:
        click.echo(json.dumps(_as_json(found), indent=2))
    else:
        _say(found.critique)
    ctx.exit(1 if Verdict(found.critique.verdict) is Verdict.FAIL else 0)


def _output(target: Path | None) -> Output | None:
    """Choose the format of the annotated picture by its name. Errors: click.UsageError."""
    if target is None:
        return None
    named: Any = FORMATS.get(target.suffix.lower())
    if named is None:
        raise click.UsageError(f"{target.name!r} names no format that can be written: end it in {', '.join(FORMATS)}.")
    return Output(format=named)


def _as_json(found: Inspection) -> dict[str, Any]:
    critique = json_format.MessageToDict(found.critique, preserving_proto_field_name=True)
    return {"critique": critique, "report": found.report.to_dict()}


def _say(critique: inspect_pb2.Critique) -> None:
    """Print the score, what counts for it and how much, the rest, and the differences to the source."""
    console = Console(highlight=False)
    word, style = _VERDICTS[Verdict(critique.verdict)]
    score = f"{100 * critique.realism:.0f} of 100" if critique.HasField("realism") else "not measurable"
    console.print(Text.assemble(("realism ", "bold"), (f"{score}  {word}", f"bold {style}")))
    console.print(Text(critique.explanation))
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("measure")
    for column in ("value", "percentile", "weight"):
        table.add_column(column, justify="right")
    table.add_column("")
    table.add_column("says", overflow="fold")
    for finding in sorted(critique.findings, key=lambda each: -each.weight):
        percentile = f"{finding.percentile:.0f}" if finding.HasField("percentile") else ""
        _add(table, finding.measure, percentile, f"{finding.weight:.2f}" if finding.weight else "")
    for measure in critique.differences:
        _add(table, measure)
    console.print(table)


def _add(table: Table, measure: report_pb2.Measure, percentile: str = "", weight: str = "") -> None:
    word, style = _VERDICTS[Verdict(measure.verdict)]
    value = f"{measure.value:.3g}" if measure.HasField("value") else ""
    name = Text(measure.name, style="bold" if weight else "")
    table.add_row(name, value, percentile, weight, Text(word, style=style), Text(measure.explanation))
