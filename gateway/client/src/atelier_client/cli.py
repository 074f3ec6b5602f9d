"""The `atelier` command: a group whose commands come from whichever distributions are installed."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points, version
from typing import TYPE_CHECKING, Any

import click

from atelier_client.console import exit_code, explain
from atelier_client.errors import AtelierCallError, PictureError

if TYPE_CHECKING:
    from collections.abc import Mapping

GROUP = "atelier.commands"
COMPLETION_VARIABLE = "_ATELIER_COMPLETE"


class CommandGroup(click.Group):
    """Finds commands by the entry point group `atelier.commands`, each a `click.Command`, and loads them on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the names of all commands, in alphabetical order, loading none."""
        del ctx
        return sorted(_installed())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command; one that cannot be loaded is replaced by one that says so."""
        del ctx
        entry = _installed().get(cmd_name)
        return _load(entry) if entry else None

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what goes wrong in a call is said in a few lines, without a traceback."""
        try:
            return super().invoke(ctx)
        except (AtelierCallError, PictureError, OSError) as error:
            explain(error)
            ctx.exit(exit_code(error))


def _installed() -> Mapping[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def _load(entry: EntryPoint) -> click.Command:
    try:
        command = entry.load()
    except (ImportError, AttributeError) as error:
        return _broken(entry, f"{type(error).__name__}: {error}")
    return command if isinstance(command, click.Command) else _broken(entry, f"{entry.value} is no click command")


def _broken(entry: EntryPoint, why: str) -> click.Command:
    """Stand in for a command of a distribution that is broken, so that the others work."""
    source = entry.dist.name if entry.dist else entry.value

    @click.command(
        entry.name, help=f"(cannot be loaded from {source})", context_settings={"ignore_unknown_options": True}
    )
    @click.argument("arguments", nargs=-1)
    def command(arguments: tuple[str, ...]) -> None:
        del arguments
        raise click.ClickException(f"`atelier {entry.name}` cannot be loaded from {source}: {why}")

    return command


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(version("atelier-client"), prog_name="atelier")
def atelier() -> None:
    """Portrait operations behind one address.

    \b
    Start a studio on this machine, see what it offers, use it, stop it:
      atelier up --detach
      atelier presets
      atelier style portrait.jpg -o out.jpg --grade golden_warm --grain tri_x_400
      atelier down

    Every command explains itself: `atelier style --help`.
    """  # noqa: D301 - \b is click's sign for a paragraph that keeps its lines


def main() -> None:
    """Run the command line."""
    atelier.main(prog_name="atelier", complete_var=COMPLETION_VARIABLE)
