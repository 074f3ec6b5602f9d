"""`atelier completion`: the script that teaches a shell to complete our commands, options and presets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem, get_completion_class

from atelier_client.session import DEFAULT_ADDRESS, RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable

_PATIENCE_SECONDS = 0.5  # what a Tab key may take

_HOW = {
    "bash": 'eval "$(atelier completion bash)"          # in ~/.bashrc',
    "zsh": 'eval "$(atelier completion zsh)"           # in ~/.zshrc, after compinit',
    "fish": "atelier completion fish > ~/.config/fish/completions/atelier.fish",
}


@click.command()
@click.argument("shell", type=click.Choice(sorted(_HOW)))
def completion(shell: str) -> None:
    """Print the script that completes commands, options and preset names in a shell.

    \b
    Use it now:   eval "$(atelier completion bash)"
    Keep it:      put that line into ~/.bashrc (zsh: ~/.zshrc, after compinit), or for fish
                  atelier completion fish > ~/.config/fish/completions/atelier.fish

    Preset names are asked of the running gateway; without one, nothing is offered for them.
    """  # noqa: D301 - \b is click's sign for a paragraph that keeps its lines
    from atelier_client.cli import COMPLETION_VARIABLE, atelier

    kind = get_completion_class(shell)
    if kind is None:
        raise click.ClickException(f"click cannot complete in {shell}")
    click.echo(f"# Completion of `atelier`. To use it: {_HOW[shell]}")
    click.echo(kind(atelier, {}, "atelier", COMPLETION_VARIABLE).source())


def complete_preset(kind: str) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """Make the completion of an option that takes presets of one kind, such as `grade`."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        del param
        return [
            CompletionItem(name, help=description)
            for name, description in _presets(ctx.params.get("address") or DEFAULT_ADDRESS, kind)
            if name.startswith(incomplete)
        ]

    return complete


def _presets(address: str, kind: str) -> list[tuple[str, str]]:
    """Ask the gateway for names and descriptions; none where it does not answer at once."""
    from atelier_client.errors import AtelierCallError
    from atelier_client.studio import Atelier

    try:
        with Atelier(address, deadline_seconds=_PATIENCE_SECONDS, retry=RetryPolicy(attempts=1)) as studio:
            found = studio.catalogue.capabilities()
    except AtelierCallError:
        return []
    return [(one.name, one.description) for capability in found for one in capability.presets if one.kind == kind]
