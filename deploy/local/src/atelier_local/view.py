"""How a stack looks on a terminal, and as JSON."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from atelier_local.plan import DEFAULT_PORT
from atelier_local.process import ProcessState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atelier_local.process import ProcessStatus
    from atelier_local.stack import Stack

_STYLES = {
    ProcessState.READY: "green",
    ProcessState.STARTING: "yellow",
    ProcessState.RESTARTING: "yellow",
    ProcessState.FAILED: "bold red",
}


def table(statuses: Sequence[ProcessStatus]) -> Table:
    """Lay out processes: name, address, pid, state, time until ready."""
    shown = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for name, justify in (("name", "left"), ("address", "left"), ("pid", "right"), ("state", "left")):
        shown.add_column(name, justify="right" if justify == "right" else "left")
    shown.add_column("ready after", justify="right")
    for status in statuses:
        state = Text(status.state.value, style=_STYLES.get(status.state, "dim"))
        ready = "" if status.ready_after_seconds is None else f"{status.ready_after_seconds:.1f} s"
        shown.add_row(
            Text(status.name, style="bold"),
            status.address,
            "" if status.pid is None else str(status.pid),
            state.append(f"  {status.detail}" if status.detail else "", style="dim"),
            ready,
        )
    return shown


def summary(stack: Stack, statuses: Sequence[ProcessStatus]) -> Group:
    """Lay out a whole stack: its processes, how models are run, what is worth knowing."""
    models = f"behind Triton at {stack.triton_url}" if stack.triton_url else "in the services' own processes"
    elsewhere = Text.assemble(("for the commands: ", "dim"), f"export ATELIER_ADDRESS={stack.address}")
    lines = [
        Text.assemble(("gateway at ", "dim"), stack.address),
        *((elsewhere,) if _is_unusual(stack) else ()),
        Text.assemble(("models run ", "dim"), models),
        *(Text(f"note: {note}") for note in stack.record.notes),
    ]
    return Group(table(statuses), Text(), *lines, Text.assemble(("logs ", "dim"), str(stack.log("*"))))


def _is_unusual(stack: Stack) -> bool:
    return not stack.address.endswith(f":{DEFAULT_PORT}")


def as_json(stack: Stack, statuses: Sequence[ProcessStatus]) -> dict[str, Any]:
    """Describe a stack. Any: JSON."""
    return {
        "running": True,
        "ready": all(status.state is ProcessState.READY for status in statuses),
        "address": stack.address,
        "triton_url": stack.triton_url,
        "executor": "triton" if stack.triton_url else "in-process",
        "state_dir": str(stack.state_dir),
        "notes": list(stack.record.notes),
        "processes": [dataclasses.asdict(status) for status in statuses],
    }
