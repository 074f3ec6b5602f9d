"""`atelier plugins new`: a working capability to start from."""

from __future__ import annotations

from pathlib import Path

import click
from atelier_sdk.scaffold import ScaffoldError, write_skeleton
from atelier_sdk.stubs import StubsError


@click.command()
@click.argument("name")
@click.option(
    "--dir",
    "parent",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    default=Path(),
    help="Folder to write it into.  [default: the current one]",
)
def new(name: str, parent: Path) -> None:
    """Write the skeleton of a capability called NAME: API, service, hook, tests, container.

    It works as it is, and its tests hold it to the contract of every edit. Make it yours in operation.py.

    \b
    Example:
      atelier plugins new mono
      cd mono
      pip install --no-build-isolation --no-deps -e .
      python -m pytest                    the contract, against the running service
      atelier up --detach --only mono     behind the gateway
    """  # noqa: D301 - \b is click's sign for a paragraph that keeps its lines
    try:
        folder = write_skeleton(name, parent)
    except (ScaffoldError, StubsError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{folder} is written. Next:\n\n  cd {folder}\n  pip install --no-build-isolation --no-deps -e .")
    click.echo("  python -m pytest\n\nWhat it does to pixels stands in " + f"src/atelier_{name}/operation.py.")
