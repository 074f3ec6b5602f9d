"""The janitor: a process beside the supervisor that outlives it, and cleans up after it however it ended.

It also ends the stack when the process that the stack belongs to (a foreground `atelier up`, a test run) is gone, and
holds processes to their memory budgets meanwhile.
"""

from __future__ import annotations

import contextlib
import sys
import time
from pathlib import Path

from atelier_local import record
from atelier_local.budgets import Budgets
from atelier_local.errors import SupervisorGoneError
from atelier_local.supervisor import Supervisor
from atelier_local.sweep import sweep

_LOOK_SECONDS = 0.25
_STOP_SECONDS = 20.0


def main() -> None:
    """Wait for the supervisor's or the owner's end, then leave nothing behind."""
    state_dir, stack_id = Path(sys.argv[1]), sys.argv[2]
    stack = record.read(state_dir)
    if stack is None or stack.id != stack_id:
        return
    budgets = Budgets(state_dir, stack, Supervisor(stack.control))
    while stack.supervisor.is_alive() and (stack.owner is None or stack.owner.is_alive()):
        with contextlib.suppress(SupervisorGoneError):
            budgets.enforce()
        time.sleep(_LOOK_SECONDS)
    finish(state_dir, stack)


def finish(state_dir: Path, stack: record.StackRecord) -> None:
    """Stop the stack in order as far as that is possible, sweep up the rest, forget it."""
    supervisor = Supervisor(stack.control)
    if stack.supervisor.is_alive() and supervisor.answers():
        supervisor.shut_down()
        ends = time.monotonic() + _STOP_SECONDS
        while stack.supervisor.is_alive() and time.monotonic() < ends:
            time.sleep(0.05)
    sweep(state_dir, stack.id)
    Path(stack.control).unlink(missing_ok=True)
    (state_dir / f"supervisor-{stack.id}.pid").unlink(missing_ok=True)
    record.erase(state_dir, stack.id)


if __name__ == "__main__":
    main()
