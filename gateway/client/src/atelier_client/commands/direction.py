"""The options by which commands take a photographer's brief: a preset, and fields by their short names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from atelier_client.commands.completion import complete_preset
from atelier_client.direction import direction_of, path_of, short_names

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def direction_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--preset` and `--set`; it is handed `preset: str` and `fields: dict[str, str]`."""
    for option in (
        click.option("--preset", default="", metavar="NAME", shell_complete=_complete_preset,
                     help="Fill what is left open for a purpose or a look, such as editorial or cinematic."),
        click.option("--set", "fields", multiple=True, metavar="FIELD=VALUE", callback=_fields,
                     shell_complete=_complete_field,
                     help="Say one field; may be repeated. `--set help` lists the fields."),
    ):  # fmt: skip
        command = option(command)
    return command


def said_field(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Check the value of an option that says a field by its short name, such as `--aspect`."""
    if value is not None:
        _check(ctx, param, param.name or "", value)
    return value


def _check(ctx: click.Context, param: click.Parameter, name: str, value: str) -> None:
    """Refuse what a field does not take, in the words of whoever typed it. Errors: click.BadParameter."""
    try:
        direction_of(fields={name: value})
    except ValueError as fault:
        raise click.BadParameter(str(fault), ctx, param) from None


def _fields(ctx: click.Context, param: click.Parameter, said: tuple[str, ...]) -> dict[str, str]:
    """Take fields apart, and list them where that is asked for."""
    if "help" in said:
        width = max(map(len, short_names()))
        for short, known in short_names().items():
            click.echo(f"  {short:<{width}}  {known.takes}")
        ctx.exit()
    fields: dict[str, str] = {}
    for one in said:
        name, equals, value = one.partition("=")
        if not equals:
            raise click.BadParameter(f"{one!r} is not FIELD=VALUE; `--set help` lists the fields", ctx, param)
        try:
            path = path_of(name)
        except ValueError as fault:
            raise click.BadParameter(f"{fault}; `--set help` lists them", ctx, param) from None
        if path in fields:
            raise click.BadParameter(f"{name.strip()} is said twice", ctx, param)
        fields[path] = value.strip()
        _check(ctx, param, name.strip(), fields[path])
    return fields


def _complete_preset(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return [one for kind in ("purpose", "look") for one in complete_preset(kind)(ctx, param, incomplete)]


def complete_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete an option that says a field by its short name with the names that the field has."""
    del ctx
    return [CompletionItem(one) for one in short_names()[param.name or ""].names if one.startswith(incomplete)]


def _complete_field(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    del ctx, param
    return [
        CompletionItem(f"{name}=", help=one.takes)
        for name, one in short_names().items()
        if name.startswith(incomplete.lower())
    ]
