"""What the command line says to people, on stderr: what is wrong, which fields, what to do next."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from atelier_client.errors import AtelierCallError, PictureError, UnavailableError
from atelier_client.session import DEFAULT_ADDRESS

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

FAILED, UNREACHABLE = 1, 3
"""Exit codes: a call or a file failed; no gateway answers. (0 is success, 2 a wrong command line.)"""

ADDRESS_VARIABLE = "ATELIER_ADDRESS"

_TRIED = re.compile(r"ipv[46]:(\S+):")  # how gRPC names the address that it could not connect to

_NEXT = {
    "BACKEND_DOWN": "`atelier status` shows which process is down, `atelier logs NAME` why.",
    "DRAINING": "The gateway is stopping. Try again in a moment.",
    "CAPABILITY_UNKNOWN": "`atelier capabilities` lists what this gateway serves.",
    "PRESET_UNKNOWN": "`atelier presets` lists all names.",
    "LUT_MALFORMED": "Mend that line of the .cube file; the message says what is expected there.",
    "IMAGE_TOO_LARGE": "Make the picture smaller; `atelier capabilities` shows the limit.",
    "IMAGE_TRUNCATED": "The file is cut short. Copy or download it again.",
    "UNSUPPORTED_FORMAT": "Send JPEG, PNG, WebP, TIFF, AVIF or HEIF.",
    "NO_FACE": "Use a picture in which a face can be seen; only grade and grain work without one.",
    "FACE_TOO_SMALL": "Crop closer or use a larger picture.",
    "POSE_TOO_EXTREME": "Use a picture in which the face is turned more towards the camera.",
    "PROFILE_EXISTS": "`atelier identity list` shows what there is, `atelier identity delete NAME` deletes one.",
    "REFERENCES_DISAGREE": "Leave the pictures out that show another person.",
    "QUEUE_FULL": "Try again later, with fewer calls at once.",
    "MODEL_NOT_INSTALLED": "Install the model that is named, and restart the stack.",
    "ARTIFACT_EXPIRED": "Send the picture itself again.",
    "DEADLINE_TOO_SHORT": "Allow more time with --deadline.",
    "INTERNAL": "This is a fault of the service. `atelier logs` has the line with the error id.",
}


def errors() -> Console:
    """Make the console for people; output for programs goes to stdout."""
    return Console(stderr=True, highlight=False)


def address_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option that says where the gateway is."""
    return click.option(
        "--address",
        envvar=ADDRESS_VARIABLE,
        show_envvar=True,
        default=DEFAULT_ADDRESS,
        show_default=True,
        metavar="HOST:PORT",
        help="Where the gateway is.",
    )(command)


def is_unreachable(error: Exception) -> bool:
    """Say whether an error means that no gateway answers: UNAVAILABLE, and no Atelier process said so."""
    return isinstance(error, UnavailableError) and not error.reason


def exit_code(error: Exception) -> int:
    """Choose the exit code of an error."""
    return UNREACHABLE if is_unreachable(error) else FAILED


def explain(error: AtelierCallError | PictureError | OSError) -> None:
    """Say what is wrong, which fields are at fault and what to do next."""
    console = errors()
    console.print(Text.assemble(("✗ ", "bold red"), headline(error)))
    if not isinstance(error, AtelierCallError):
        return
    if error.violations:
        console.print(_fields(error))
    advice = _advice(error)
    if advice:
        console.print(Text(f"  → {advice}"))
    if error.reason and error.request_id:
        console.print(Text(f"  request {error.request_id}", style="dim"))


def headline(error: Exception) -> str:
    """Say in one line what is wrong."""
    if is_unreachable(error):
        tried = _TRIED.search(str(error))
        return f"no gateway answers at {tried[1]}" if tried else f"no gateway answers: {error}"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)


def _fields(error: AtelierCallError) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2))
    for violation in error.violations:
        table.add_row(Text(violation.field, style="yellow"), Text(violation.description))
    return table


def _advice(error: AtelierCallError) -> str:
    if is_unreachable(error):
        return f"Start one with `atelier up --detach`, or name another with --address or {ADDRESS_VARIABLE}."
    after = f" The service asks to wait {error.retry_after_seconds:.1f} s." if error.retry_after_seconds else ""
    return _NEXT.get(error.reason, "") + after
