"""A stack: started, looked at, changed, stopped. What the commands, the demo and the tests use."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import time
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

from atelier_models.progress import Silent

from atelier_local import paths, record, remarks
from atelier_local.errors import StackError, StackRunningError
from atelier_local.janitor import finish
from atelier_local.plan import Plan, PlanOptions, models_needed, plan
from atelier_local.process import ProcessState, ProcessStatus
from atelier_local.record import ProcessId, StackRecord
from atelier_local.supervisor import Supervisor, configure, launch, reap
from atelier_local.sweep import STACK_MARK, STATE_MARK, sweep
from atelier_local.triton import prepare
from atelier_local.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from atelier_models.progress import Reporter

    Statuses = tuple[ProcessStatus, ...]
    OnChange = Callable[[Statuses], None]

READY_SECONDS = 180.0
OPTIONAL_SECONDS = 30.0


class Stack:
    """A running stack of one state folder.

    `address` is the gateway's, `triton_url` Triton's (empty where the services run their models in process).
    """

    def __init__(self, state_dir: Path, stack: StackRecord) -> None:
        self.state_dir = state_dir
        self.record = stack
        self._supervisor = Supervisor(stack.control)

    @property
    def address(self) -> str:
        """The gateway's address, host and port."""
        return self.record.address

    @property
    def triton_url(self) -> str:
        """Triton's gRPC address, host and port; empty without Triton."""
        return self.record.triton_url

    @classmethod
    def find(cls, state_dir: Path) -> Stack | None:
        """Find the running stack of a folder."""
        found = record.read(state_dir)
        if found is None or not found.supervisor.is_alive() or not Supervisor(found.control).answers():
            return None
        return cls(state_dir, found)

    @classmethod
    def start(
        cls,
        wanted: Plan,
        state_dir: Path,
        *,
        owned: bool = False,
        on_change: OnChange = lambda _: None,
        timeout_seconds: float = READY_SECONDS,
    ) -> Stack:
        """Start all processes of a plan and wait until each is ready.

        What an earlier stack of the folder left behind is removed first. An `owned` stack ends with the calling
        process, however that ends. `on_change` is told whenever a process changes.

        Errors: StackRunningError; StackError when a process does not become ready; nothing is left running then.
        """
        with record.lock(state_dir):
            running = cls.find(state_dir)
            if running is not None:
                raise StackRunningError(running)
            _clear(state_dir)
            stack = cls(state_dir, _launch(wanted, state_dir, owned=owned))
        try:
            stack.wait_ready(on_change=on_change, timeout_seconds=timeout_seconds)
        except BaseException:  # Ctrl-C too: whatever ends the wait ends the stack
            stack.down()
            raise
        return stack

    def statuses(self) -> Statuses:
        """Tell how each process is now, in the plan's order."""
        return Watch(self.record, self._supervisor, self.state_dir).look()

    def pid(self, name: str) -> int:
        """Tell the pid of a process.

        Errors: StackError when it is not running.
        """
        found = self._supervisor.processes().get(name)
        if found is None or found.pid is None:
            raise StackError(f"{name} is not running")
        return found.pid

    def stop(self, name: str) -> None:
        """Stop one process and leave it stopped."""
        self._supervisor.stop(name)

    def restart(self, name: str, *, timeout_seconds: float = READY_SECONDS) -> None:
        """Stop one process, start it and wait until the whole stack is ready again."""
        self._supervisor.stop(name)
        self._supervisor.start(name)
        self.wait_ready(timeout_seconds=timeout_seconds)

    def log(self, name: str) -> Path:
        """Find the log of a process."""
        return paths.log(self.state_dir, name)

    def wait_ready(self, *, on_change: OnChange = lambda _: None, timeout_seconds: float = READY_SECONDS) -> Statuses:
        """Start what waits, and wait until every process is ready.

        Optional ones are given half a minute more than the others, and the stack goes on without those that keep dying.

        Errors: StackError when a process keeps dying or time is up; SupervisorGoneError.
        """
        watch, ends = Watch(self.record, self._supervisor, self.state_dir), time.monotonic() + timeout_seconds
        patience = _Patience(self.record)
        last: Statuses = ()
        while True:
            statuses = watch.advance()
            if statuses != last:
                on_change(statuses)
            last = statuses
            if patience.is_over(statuses):
                self._remember(watch)
                return statuses
            for status in statuses:
                if status.state is ProcessState.FAILED and not patience.does_without(status):
                    raise StackError(f"{status.name} keeps ending: {status.detail}\n{self._end_of_log(status.name)}")
            if time.monotonic() > ends:
                raise StackError(self._late(statuses, timeout_seconds))
            time.sleep(0.1)

    def down(self) -> None:
        """Stop everything and wait until nothing is left."""
        with record.lock(self.state_dir):
            finish(self.state_dir, self.record)
            _await_janitor(self.record)

    def _remember(self, watch: Watch) -> None:
        times = {**self.record.ready_after_seconds, **watch.ready_after_seconds}
        self.record = dataclasses.replace(self.record, ready_after_seconds=times)
        record.write(self.state_dir, self.record)

    def _late(self, statuses: Statuses, timeout_seconds: float) -> str:
        patience = _Patience(self.record)
        late = next(
            status
            for status in statuses
            if status.state is not ProcessState.READY and not patience.does_without(status)
        )
        return (
            f"{late.name} is not ready after {timeout_seconds:.0f} s: it {late.detail or late.state}\n"
            f"{self._end_of_log(late.name)}"
        )

    def _end_of_log(self, name: str) -> str:
        return end_of_log(self.log(name))


class _Patience:
    """How long a stack waits for whom."""

    def __init__(self, stack: StackRecord) -> None:
        self._optional = {spec.name for spec in stack.processes if spec.optional}
        self._ends: float | None = None

    def does_without(self, status: ProcessStatus) -> bool:
        """Say whether the stack goes on without a process."""
        return status.name in self._optional

    def is_over(self, statuses: Statuses) -> bool:
        """Say whether there is nobody left to wait for."""
        missing = [status for status in statuses if status.state is not ProcessState.READY]
        if not all(map(self.does_without, missing)):
            return False
        self._ends = self._ends or time.monotonic() + OPTIONAL_SECONDS
        return time.monotonic() > self._ends or all(status.state is ProcessState.FAILED for status in missing)


def end_of_log(log: Path, lines: int = 15) -> str:
    """Read the last lines of a log; a sentence where there are none."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        text = ""
    return "\n".join(text.splitlines()[-lines:]) or f"({log} is empty)"


def _launch(wanted: Plan, state_dir: Path, *, owned: bool) -> StackRecord:
    stack_id = uuid.uuid4().hex[:12]
    configuration, socket = configure(state_dir, wanted.processes, stack_id)
    marked = {**os.environ, STACK_MARK: stack_id, STATE_MARK: str(state_dir)}
    stack = StackRecord(
        id=stack_id,
        address=wanted.address,
        triton_url=wanted.triton_url,
        processes=wanted.processes,
        control=socket,
        supervisor=ProcessId.of(launch(configuration, socket, marked)),
        owner=ProcessId.of(os.getpid()) if owned else None,
        notes=wanted.notes,
    )
    record.write(state_dir, stack)
    stack = dataclasses.replace(stack, janitor=_start_janitor(state_dir, stack_id))
    record.write(state_dir, stack)
    return stack


def _start_janitor(state_dir: Path, stack_id: str) -> ProcessId:
    command = (sys.executable, "-I", "-m", "atelier_local.janitor", str(state_dir), stack_id)
    with paths.log(state_dir, "janitor").open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    reap(process)
    return ProcessId.of(process.pid)


def _clear(state_dir: Path) -> None:
    """Remove what an earlier stack of this folder left behind, however it ended."""
    earlier = record.read(state_dir)
    remarks.erase(state_dir)
    sweep(state_dir)
    if earlier is not None:
        _await_janitor(earlier)
        finish(state_dir, earlier)


def _await_janitor(stack: StackRecord) -> None:
    """Wait for the janitor, which ends by itself once the supervisor has."""
    ends = time.monotonic() + 10
    while stack.janitor is not None and stack.janitor.is_alive() and time.monotonic() < ends:
        time.sleep(0.05)


def stop(state_dir: Path) -> bool:
    """Stop the stack of a folder, and sweep up what one that is already gone left behind. Say whether there was any."""
    state_dir = state_dir.resolve()
    found = Stack.find(state_dir)
    if found is not None:
        found.down()
        return True
    with record.lock(state_dir):
        had_record = record.read(state_dir) is not None
        left = sweep(state_dir)
        _clear(state_dir)
    return had_record or left > 0


def prepared(options: PlanOptions, progress: Reporter | None = None) -> Plan:
    """Install what is missing for a stack, and plan it.

    Errors: PlanError; AtelierError of what cannot be installed.
    """
    needed = models_needed(options)
    found, why_not = prepare(options.home, progress or Silent(), wanted=options.triton, needed=needed)
    return plan(options, found, why_not)


@contextmanager
def running_stack(
    state_dir: Path,
    *,
    only: Sequence[str] = (),
    port: int = 0,
    triton: bool = True,
    progress: Reporter | None = None,
    on_change: OnChange = lambda _: None,
) -> Iterator[Stack]:
    """Run a stack of its own for the length of a `with` block; it ends with the block or with the process.

    `only` names the capabilities (all that are installed without it), `port` is the gateway's (0: a free one).
    `progress` is told of what is installed first, `on_change` of every change of a process.

    Errors: StackError when it does not become ready; PlanError; AtelierError of what cannot be installed.
    """
    options = PlanOptions(paths.home(), state_dir.resolve(), tuple(only), port, triton)
    stack = Stack.start(prepared(options, progress), options.state_dir, owned=True, on_change=on_change)
    try:
        yield stack
    finally:
        stack.down()
