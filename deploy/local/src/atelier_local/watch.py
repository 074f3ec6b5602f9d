"""Watching a stack's processes: what the supervisor says and what the processes answer, put together."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from atelier_local import probe, remarks
from atelier_local.process import ProcessSpec, ProcessState, ProcessStatus

if TYPE_CHECKING:
    from pathlib import Path

    from atelier_local.record import StackRecord
    from atelier_local.supervisor import Supervised, Supervisor

DEATHS_BEFORE_GIVING_UP = 3
"""How often a process may end before a start is given up; the supervisor itself goes on for longer."""


class Watch:
    """Looks at the processes of one stack, again and again."""

    def __init__(self, stack: StackRecord, supervisor: Supervisor, state_dir: Path) -> None:
        self._stack = stack
        self._state_dir = state_dir
        self._supervisor = supervisor
        self._started_at: dict[str, float] = {}
        self._deaths: dict[str, set[float]] = {}
        self.ready_after_seconds: dict[str, float] = {}

    def look(self) -> tuple[ProcessStatus, ...]:
        """Tell how each process is now, all asked at once.

        Errors: SupervisorGoneError.
        """
        found = self._supervisor.processes()
        specs = self._stack.processes
        with ThreadPoolExecutor(max_workers=max(1, len(specs))) as pool:
            return tuple(pool.map(lambda spec: self._status(spec, found[spec.name]), specs))

    def advance(self) -> tuple[ProcessStatus, ...]:
        """Look, and start those processes that wait for nothing any more."""
        statuses = self.look()
        ready = {status.name for status in statuses if status.state is ProcessState.READY}
        waiting = {status.name for status in statuses if status.state is ProcessState.WAITING}
        for spec in self._stack.processes:
            if spec.name in waiting and ready.issuperset(spec.needs):
                self._started_at[spec.name] = time.monotonic()
                self._supervisor.start(spec.name)
        return statuses

    def _status(self, spec: ProcessSpec, found: Supervised) -> ProcessStatus:
        state, detail = self._state(spec, found)
        if state is not ProcessState.READY and spec.plugin:
            detail = f"{detail} (plugin {spec.plugin})".strip()
        remark = remarks.read(self._state_dir).get(spec.name, "")
        detail = "; ".join(filter(None, (detail, remark)))
        if state is ProcessState.READY and spec.name in self._started_at:
            self.ready_after_seconds.setdefault(spec.name, time.monotonic() - self._started_at[spec.name])
        known = {**self._stack.ready_after_seconds, **self.ready_after_seconds}
        return ProcessStatus(spec.name, spec.address, found.pid, state, known.get(spec.name), detail)

    def _state(self, spec: ProcessSpec, found: Supervised) -> tuple[ProcessState, str]:
        if found.is_running:
            detail = probe.ask(spec.probe)
            return (ProcessState.STARTING, detail) if detail else (ProcessState.READY, "")
        if found.was_stopped:
            return (ProcessState.STOPPED, "") if found.started else (ProcessState.WAITING, self._awaits(spec))
        if found.is_gone or self._keeps_dying(spec.name, found.started):
            return ProcessState.FAILED, self._supervisor.ending(spec.name)
        return ProcessState.RESTARTING, self._supervisor.ending(spec.name)

    def _keeps_dying(self, name: str, started: float) -> bool:
        deaths = self._deaths.setdefault(name, set())
        deaths.add(started)
        return len(deaths) >= DEATHS_BEFORE_GIVING_UP

    def _awaits(self, spec: ProcessSpec) -> str:
        return f"waits for {', '.join(spec.needs)}" if spec.needs else ""
