"""Memory budgets: a process that holds more than it may is ended, and the supervisor starts it anew."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psutil

from atelier_local import remarks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from atelier_local.process import ProcessSpec
    from atelier_local.record import StackRecord
    from atelier_local.supervisor import Supervisor

_MIB = 1024 * 1024
_EVERY_SECONDS = 1.0
_GRACE_SECONDS = 9.0
"""As long as a service takes to drain; a little less than the supervisor allows it."""


class Budgets:
    """Holds the processes of one stack to their memory, whenever `enforce` is called."""

    def __init__(
        self, state_dir: Path, stack: StackRecord, supervisor: Supervisor, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._state_dir = state_dir
        self._supervisor = supervisor
        self._limited = [spec for spec in stack.processes if spec.memory_bytes]
        self._asked: dict[int, float] = {}
        self._now = now
        self._next = now()

    def enforce(self) -> None:
        """End processes above their budget: asked first, killed when they have not ended after their grace.

        Errors: SupervisorGoneError.
        """
        if not self._limited or self._now() < self._next:
            return
        self._next = self._now() + _EVERY_SECONDS
        running = self._supervisor.processes()
        for spec in self._limited:
            pid = running[spec.name].pid
            if pid is not None:
                self._look(spec, pid)

    def _look(self, spec: ProcessSpec, pid: int) -> None:
        try:
            process = psutil.Process(pid)
            held = _resident(process)
            if pid in self._asked and self._now() - self._asked[pid] > _GRACE_SECONDS:
                process.kill()
            elif held > spec.memory_bytes and pid not in self._asked:
                self._asked[pid] = self._now()
                self._tell(spec, held)
                process.terminate()
        except psutil.NoSuchProcess:
            return

    def _tell(self, spec: ProcessSpec, held: int) -> None:
        of = f" of the plugin {spec.plugin}" if spec.plugin else ""
        amounts = f"held {held // _MIB} MiB, its budget is {spec.memory_bytes // _MIB} MiB"
        sentence = f"{spec.name}{of} {amounts}: it is started anew"
        remarks.note(self._state_dir, spec.name, sentence)
        print(sentence, flush=True)  # noqa: T201 - the janitor's log


def _resident(process: psutil.Process) -> int:
    """Sum up the resident memory of a process and its children, in bytes."""
    total = 0
    for one in (process, *process.children(recursive=True)):
        try:
            total += one.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total
