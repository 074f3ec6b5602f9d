"""Budgets of processes: one that holds more memory than it may, or floods its log, is ended and started anew.

The supervisor starts it, later each time and in the end no more. Memory is what a capability's `Resources` say. Logs
are bounded for plugins: files are turned over at 10 MB, but writing without end would cost all others processor time.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psutil

from atelier_local import paths, remarks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from atelier_local.process import ProcessSpec
    from atelier_local.record import StackRecord
    from atelier_local.supervisor import Supervisor

_MIB = 1024 * 1024
LOG_BYTES_PER_SECOND = _MIB
_EVERY_SECONDS = 1.0
_FLOODED_LOOKS = 2
_GRACE_SECONDS = 9.0
"""As long as a service takes to drain; a little less than the supervisor allows it."""


class Budgets:
    """Holds the processes of one stack to their budgets, whenever `enforce` is called."""

    def __init__(
        self, state_dir: Path, stack: StackRecord, supervisor: Supervisor, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._state_dir = state_dir
        self._supervisor = supervisor
        self._limited = [spec for spec in stack.processes if spec.memory_bytes or spec.plugin]
        self._logs = {spec.name: LogFile(paths.log(state_dir, spec.name), now) for spec in self._limited}
        self._asked: dict[int, float] = {}
        self._now = now
        self._next = now()

    def enforce(self) -> None:
        """End processes beyond a budget: asked first, killed when they have not ended after their grace.

        Errors: SupervisorGoneError.
        """
        if not self._limited or self._now() < self._next:
            return
        self._next = self._now() + _EVERY_SECONDS
        running = self._supervisor.processes()
        for spec in self._limited:
            pid = running[spec.name].pid
            beyond = self._logs[spec.name].beyond() if spec.plugin else ""
            if pid is not None:
                self._look(spec, pid, beyond)

    def _look(self, spec: ProcessSpec, pid: int, beyond: str) -> None:
        try:
            process = psutil.Process(pid)
            beyond = beyond or _beyond_memory(spec, process)
            if pid in self._asked and self._now() - self._asked[pid] > _GRACE_SECONDS:
                process.kill()
            elif beyond and pid not in self._asked:
                self._asked[pid] = self._now()
                self._tell(spec, beyond)
                process.terminate()
        except psutil.NoSuchProcess:
            return

    def _tell(self, spec: ProcessSpec, beyond: str) -> None:
        of = f" of the plugin {spec.plugin}" if spec.plugin else ""
        sentence = f"{spec.name}{of} {beyond}: it is started anew"
        remarks.note(self._state_dir, spec.name, sentence)
        print(sentence, flush=True)  # noqa: T201 - the janitor's log


class LogFile:
    """One process's log: how fast it grows, seen from one look to the next, over turned files."""

    def __init__(self, path: Path, now: Callable[[], float]) -> None:
        self._path = path
        self._now = now
        self._seen: tuple[float, int, int] | None = None
        self._flooded = 0

    def beyond(self) -> str:
        """Say in words that more is written than may be, look after look; empty where it is not."""
        rate = self._rate()
        self._flooded = self._flooded + 1 if rate > LOG_BYTES_PER_SECOND else 0
        if self._flooded < _FLOODED_LOOKS:
            return ""
        self._flooded = 0
        return f"wrote {rate / _MIB:.0f} MiB a second into its log, its budget is {LOG_BYTES_PER_SECOND // _MIB} MiB"

    def _rate(self) -> float:
        """Return the bytes a second since the last look; at least those of the present file where it is a new one."""
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            return 0.0
        before, self._seen = self._seen, (self._now(), stat.st_ino, stat.st_size)
        if before is None:
            return 0.0
        then, inode, size = before
        written = stat.st_size - size if inode == stat.st_ino else stat.st_size + 10 * _MIB - size
        return written / max(self._now() - then, 0.001)


def _beyond_memory(spec: ProcessSpec, process: psutil.Process) -> str:
    held = _resident(process) if spec.memory_bytes else 0
    if held <= spec.memory_bytes:
        return ""
    return f"held {held // _MIB} MiB, its budget is {spec.memory_bytes // _MIB} MiB"


def _resident(process: psutil.Process) -> int:
    """Sum up the resident memory of a process and its children, in bytes."""
    total = 0
    for one in (process, *process.children(recursive=True)):
        try:
            total += one.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total
