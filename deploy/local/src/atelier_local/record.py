"""What is written down of a running stack, so that any later command finds it: `stack.json` in its state folder."""

from __future__ import annotations

import dataclasses
import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psutil

from atelier_local.process import Probe, ProbeKind, ProcessSpec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_FILE = "stack.json"


@dataclass(frozen=True, slots=True)
class ProcessId:
    """A process that is not mistaken for a later one with the same number: pid and start time (seconds since 1970)."""

    pid: int
    created: float

    @classmethod
    def of(cls, pid: int) -> ProcessId:
        """Note down a living process.

        Errors: psutil.NoSuchProcess.
        """
        return cls(pid, psutil.Process(pid).create_time())

    def is_alive(self) -> bool:
        """Say whether it still runs; one that ended and was not yet reaped does not."""
        try:
            process = psutil.Process(self.pid)
            return process.create_time() == self.created and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False


@dataclass(frozen=True, slots=True)
class StackRecord:
    """A running stack. `owner` is the process that the stack must not outlive, where there is one."""

    id: str
    address: str
    triton_url: str
    processes: tuple[ProcessSpec, ...]
    control: str
    supervisor: ProcessId
    janitor: ProcessId | None = None
    owner: ProcessId | None = None
    notes: tuple[str, ...] = ()
    ready_after_seconds: Mapping[str, float] = field(default_factory=dict)


def write(state_dir: Path, record: StackRecord) -> None:
    """Write the record, in one piece, for this user's eyes: commands may hold keys."""
    draft = state_dir / f"{_FILE}.{record.id}"
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(dataclasses.asdict(record), indent=1), encoding="utf-8")
    draft.replace(state_dir / _FILE)


def read(state_dir: Path) -> StackRecord | None:
    """Read the record; None where there is none, or none that this version can read."""
    try:
        return _parse(json.loads((state_dir / _FILE).read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None


def erase(state_dir: Path, stack_id: str | None = None) -> None:
    """Erase the record, with `stack_id` only if it is that stack's."""
    found = read(state_dir)
    if stack_id is None or (found is not None and found.id == stack_id):
        (state_dir / _FILE).unlink(missing_ok=True)


@contextmanager
def lock(state_dir: Path) -> Iterator[None]:
    """Keep others from starting or stopping a stack of this folder meanwhile."""
    import fcntl

    # What is stored here are pictures of people: a folder that we make is its owner's alone.
    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (state_dir / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _parse(values: dict[str, Any]) -> StackRecord:
    return StackRecord(
        id=values["id"],
        address=values["address"],
        triton_url=values["triton_url"],
        processes=tuple(_spec(one) for one in values["processes"]),
        control=values["control"],
        supervisor=ProcessId(**values["supervisor"]),
        janitor=_process_id(values["janitor"]),
        owner=_process_id(values["owner"]),
        notes=tuple(values["notes"]),
        ready_after_seconds=values["ready_after_seconds"],
    )


def _process_id(values: dict[str, Any] | None) -> ProcessId | None:
    return None if values is None else ProcessId(**values)


def _spec(values: dict[str, Any]) -> ProcessSpec:
    probe = Probe(ProbeKind(values["probe"]["kind"]), values["probe"]["address"], values["probe"]["service"])
    return ProcessSpec(
        name=values["name"],
        command=tuple(values["command"]),
        address=values["address"],
        probe=probe,
        environment=values["environment"],
        needs=tuple(values["needs"]),
        plugin=values["plugin"],
        optional=values["optional"],
        memory_bytes=values["memory_bytes"],
    )
