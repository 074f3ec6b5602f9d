"""Becoming a process of the stack: the supervisor starts this, and this becomes what the record says.

Commands and environments stand in the record and not in the supervisor's configuration, whose quoting cannot carry
every value.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from atelier_local import record
from atelier_local.sweep import PROCESS_MARK, sweep_remains


def main() -> None:
    """Replace this process by the one that the record names.

    Errors: SystemExit with a sentence when the record has no such process or its command cannot be started.
    """
    state_dir, name = Path(sys.argv[1]), sys.argv[2]
    stack = record.read(state_dir)
    spec = next((spec for spec in stack.processes if spec.name == name), None) if stack else None
    if stack is None or spec is None:
        sys.exit(f"{state_dir} has no record of a process {name!r}")
    if sweep_remains(state_dir, stack.id, name):
        print(f"an earlier {name} had left processes behind; they are ended", file=sys.stderr, flush=True)  # noqa: T201
    environment = {**os.environ, **spec.environment, PROCESS_MARK: name}
    try:
        os.execvpe(spec.command[0], spec.command, environment)  # noqa: S606 - it is meant
    except OSError as error:
        sys.exit(f"{spec.command[0]} cannot be started: {error.strerror}")


if __name__ == "__main__":
    main()
