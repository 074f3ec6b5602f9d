"""Structured logs: one event a line, JSON for machines, plain text on a terminal, on standard error.

    log = Log(__name__)
    log.info("listening", port=5001)

Every line carries the identifier of the request that it is about. Nothing about a person may stand in a log: a field is
a number, a truth value or a short text, anything else is replaced by its type's name; what looks like bytes, base64 or
a row of numbers (an embedding, a mesh) is cut out of texts and exceptions, other libraries' included.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

Field = str | int | float | bool | None

request_id: Final[ContextVar[str]] = ContextVar("atelier_request_id", default="")

_FIELDS: Final = "atelier_fields"
_MAX_LETTERS: Final = 500
_FRAMES: Final = 12
_PERSONAL: Final = re.compile(
    r"""\bb(?P<quote>['"])(?:\\.|(?!(?P=quote)).)*(?:(?P=quote)|$)   # the repr of bytes, cut off or not
      | (?:\\(?:x[0-9a-fA-F]{2}|[0-7]{3}).{0,16}?){4,}               # escaped bytes among letters
      | [A-Za-z0-9+/_-]{120,}={0,2}                                  # base64 (a SHA-256 has 64 digits)
      | (?:[-+]?\d+(?:\.\d*)?(?:e[-+]?\d+)?[\s,;]+){8,}[-+.\de]*      # a row of numbers
    """,
    re.VERBOSE | re.DOTALL,
)


class Log:
    """Write events of one module. An event is a short fixed phrase; what varies goes into fields."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def debug(self, event: str, **fields: Field) -> None:
        """Write what only a developer wants to see."""
        self._logger.debug(event, extra={_FIELDS: fields})

    def info(self, event: str, **fields: Field) -> None:
        """Write what happened."""
        self._logger.info(event, extra={_FIELDS: fields})

    def warning(self, event: str, **fields: Field) -> None:
        """Write what went wrong and was dealt with."""
        self._logger.warning(event, extra={_FIELDS: fields})

    def error(self, event: str, error: BaseException | None = None, **fields: Field) -> None:
        """Write what went wrong and needs somebody; `error` adds its type, text and frames."""
        self._logger.error(event, exc_info=error, extra={_FIELDS: fields})


def configure(*, service: str, level: str = "info", style: str = "auto", stream: TextIO | None = None) -> None:
    """Send all logs of this process to `stream` (standard error).

    `style` is `json`, `console`, or `auto`: console on a terminal. Called once, in `main()`.
    """
    target = stream or sys.stderr
    console = style == "console" or (style == "auto" and target.isatty())
    handler = logging.StreamHandler(target)
    handler.setFormatter(ConsoleFormatter() if console else JsonFormatter(service))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())


def describe(record: logging.LogRecord) -> dict[str, Field]:
    """Return what a record says, without anything about a person."""
    said: dict[str, Field] = {"event": scrub(record.getMessage())}
    identifier = request_id.get()
    if identifier:
        said["request_id"] = identifier
    fields: Mapping[str, object] = getattr(record, _FIELDS, {})
    said |= {name: _plain(value) for name, value in fields.items()}
    if record.exc_info and record.exc_info[1] is not None:
        said |= _error(record.exc_info[1])
    return said


def scrub(text: str) -> str:
    """Return `text` without what could be a picture or an embedding, and no longer than 500 letters."""
    short = text if len(text) <= 4 * _MAX_LETTERS else text[: 4 * _MAX_LETTERS]
    clean = _PERSONAL.sub("<left out>", short)
    return clean if len(clean) <= _MAX_LETTERS else clean[: _MAX_LETTERS - 1] + "…"


def _plain(value: object) -> Field:
    if isinstance(value, str):
        return scrub(value)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return f"<{type(value).__name__}>"


def _error(error: BaseException) -> dict[str, Field]:
    """Return type, text and frames of an exception: no source lines, no values of variables."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    where = " < ".join(f"{each.name} ({each.filename.rpartition('/')[2]}:{each.lineno})" for each in reversed(frames))
    return {"error": type(error).__name__, "error_text": scrub(str(error)), "frames": where}


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Field] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
        }
        return json.dumps(line | describe(record), ensure_ascii=False)


class ConsoleFormatter(logging.Formatter):
    """Time, level, event, then fields as name=value."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        said = describe(record)
        event = said.pop("event")
        time = datetime.fromtimestamp(record.created, UTC).astimezone().strftime("%H:%M:%S")
        fields = " ".join(f"{name}={value}" for name, value in said.items())
        return f"{time} {record.levelname:<7} {event}  {fields}".rstrip()
