"""Settings of a process: one frozen dataclass, each field with its variable, default and help in one place.

    @dataclass(frozen=True, slots=True)
    class ServiceSettings:
        listen: str = setting("ATELIER_LISTEN", "127.0.0.1:0", "Address to listen on.")
        token: str = setting("ATELIER_TOKEN", "", "Shared secret.", secret=True)

    settings = read_or_exit(ServiceSettings)

Read once, in `main()`. A bad value stops the start and names its variable. `--help` prints the table.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Settings = TypeVar("Settings")
_KEY: Final = "atelier.setting"
_TRUE: Final = frozenset({"1", "true", "yes", "on"})
_FALSE: Final = frozenset({"0", "false", "no", "off"})


class SettingsError(Exception):
    """A variable has a value that cannot be used; the message names it."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Setting:
    variable: str
    help: str
    secret: bool
    parse: Callable[[str], Any] | None


def setting(
    variable: str,
    default: Any,
    help: str,  # noqa: A002 (as argparse has it)
    *,
    secret: bool = False,
    parse: Callable[[str], Any] | None = None,
) -> Any:
    """Declare a field of a settings class.

    `parse` turns the text into the value and raises ValueError with what is wrong; without one, the field's type does:
    `str`, `int`, `float`, `bool`, `Path` or `tuple[str, ...]` (comma-separated). An empty variable is an absent one. A
    secret is left out of `repr`, its default out of the table, and it may come in the file that `<variable>_FILE`
    names.
    """
    metadata = {_KEY: _Setting(variable, help, secret, parse)}
    return dataclasses.field(default=default, repr=not secret, metadata=metadata)


def log_level_setting() -> Any:
    """Declare how much a process logs."""
    levels = choice("debug", "info", "warning", "error")
    return setting(
        "ATELIER_LOG_LEVEL", "info", "`debug`, `info`, `warning` or `error`; calls are `info`.", parse=levels
    )


def log_style_setting() -> Any:
    """Declare how a process writes its log."""
    styles = "`json`, `console`, or `auto`: console on a terminal."
    return setting("ATELIER_LOG_STYLE", "auto", styles, parse=choice("auto", "json", "console"))


def read(kind: type[Settings], environ: Mapping[str, str]) -> Settings:
    """Read settings from the environment. Raises SettingsError with everything that is wrong."""
    types = get_type_hints(kind)
    values: dict[str, object] = {}
    wrong: list[str] = []
    for field in dataclasses.fields(cast("Any", kind)):
        declared: _Setting = field.metadata[_KEY]
        parse = declared.parse or _PARSERS[types[field.name]]
        try:
            text = _text(declared, environ)
            values[field.name] = parse(text) if text else field.default
        except ValueError as error:
            wrong.append(f"{declared.variable}: {error}")
    if wrong:
        raise SettingsError("\n".join(wrong))
    return kind(**values)


def _text(declared: _Setting, environ: Mapping[str, str]) -> str:
    """Return a variable's text, a secret's from the file that `<variable>_FILE` names. Raises ValueError."""
    text = environ.get(declared.variable, "")
    file = environ.get(f"{declared.variable}_FILE", "") if declared.secret else ""
    if not file:
        return text
    if text:
        raise ValueError(f"it is given twice, by {declared.variable}_FILE as well")
    try:
        return Path(file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"the file {file} cannot be read: {type(error).__name__}") from None


def read_or_exit(kind: type[Settings], *, program: str, description: str, more: Sequence[type[Any]] = ()) -> Settings:
    """Read settings of a process that takes no arguments but `--help`; exit with 2 and a sentence if that fails.

    `more` are further settings of the process, which somebody else reads: `--help` prints them as well.
    """
    arguments = sys.argv[1:]
    if "--help" in arguments or "-h" in arguments:
        tables = "\n".join(map(table, (kind, *more)))
        sys.stdout.write(f"{program}: {description}\n\nIt is set up by environment variables:\n\n{tables}")
        raise SystemExit(0)
    if arguments:
        sys.stderr.write(f"{program}: takes no arguments but --help, was given {arguments[0]!r}\n")
        raise SystemExit(2)
    try:
        return read(kind, os.environ)
    except SettingsError as error:
        sys.stderr.write(f"{program}: {error}\n")
        raise SystemExit(2) from None


def table(kind: type[Any]) -> str:
    """Return the settings as a Markdown table of variable, default and meaning."""
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    for field in dataclasses.fields(kind):
        declared: _Setting = field.metadata[_KEY]
        default = "" if declared.secret else _shown(field.default)
        lines.append(f"| `{declared.variable}` | {default} | {declared.help} |")
    return "\n".join(lines) + "\n"


def _shown(default: object) -> str:
    """Write a default as a variable would say it."""
    text = ",".join(map(str, default)) if isinstance(default, tuple) else str(default)
    if isinstance(default, bool):
        text = text.lower()
    return f"`{text}`" if text and default is not None else "empty"


def number(*, minimum: float, maximum: float = float("inf")) -> Callable[[str], float]:
    """Return a parser of finite numbers in a range, both ends included."""

    def parse(text: str) -> float:
        value = float(text)
        if not minimum <= value <= maximum:
            raise ValueError(f"{text} is not between {minimum:g} and {maximum:g}")
        return value

    return parse


def choice(*allowed: str) -> Callable[[str], str]:
    """Return a parser that accepts only these words."""

    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"{text!r} is none of {', '.join(allowed)}")
        return text

    return parse


def address(text: str) -> str:
    """Check a `host:port`; a port of 0 is any free one. An IPv6 host stands in brackets."""
    host, colon, port = text.rpartition(":")
    if not (colon and host and port.isdecimal() and int(port) <= 65535):
        raise ValueError(f"{text!r} is no host:port")
    return text


def _boolean(text: str) -> bool:
    word = text.lower()
    if word not in _TRUE | _FALSE:
        raise ValueError(f"{text!r} is neither true nor false")
    return word in _TRUE


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


_PARSERS: Final[Mapping[object, Callable[[str], Any]]] = {
    str: str,
    int: int,
    float: float,
    bool: _boolean,
    Path: lambda text: Path(text).expanduser(),
    tuple[str, ...]: _words,
}
