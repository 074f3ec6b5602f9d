"""Leaving nothing behind: processes, shared memory and sockets that a stack left when it could not stop in order.

Every process of a stack inherits its marks (`ATELIER_STACK`, `ATELIER_STATE`) from its parent, so that grandchildren
and orphans, such as Triton's Python stubs, are found wherever they have been adopted.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

STACK_MARK, STATE_MARK, PROCESS_MARK = "ATELIER_STACK", "ATELIER_STATE", "ATELIER_PROCESS"
_GRACE_SECONDS = 2.0
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where POSIX shared memory lies on Linux, not a temporary file
_OURS = ("triton_python_backend_shm_region_", "atelier")


def sweep(state_dir: Path, stack_id: str | None = None) -> int:
    """End what is left of one stack, or of any stack of the folder; return how many processes it was.

    Each is asked to end, and killed after two seconds. Then shared memory that they used, or that no process uses any
    more, is removed.
    """
    left = list(_marked(state_dir, stack_id))
    segments = _mapped(left)
    for process in left:
        _signal(process, kill=False)
    _, stubborn = psutil.wait_procs(left, timeout=_GRACE_SECONDS)
    for process in (*stubborn, *_marked(state_dir, stack_id)):
        _signal(process, kill=True)
    psutil.wait_procs(stubborn, timeout=_GRACE_SECONDS)
    for segment in segments | _abandoned():
        segment.unlink(missing_ok=True)
    return len(left)


def sweep_remains(state_dir: Path, stack_id: str, name: str) -> int:
    """Kill what an earlier life of the process `name` left behind; return how many processes it was.

    They are orphans of a process that died: there is nothing that they could still do. Triton's stubs, for one, may
    wait for ever in a lock that they shared with it.
    """
    left = list(_marked(state_dir, stack_id, name))
    for process in left:
        _signal(process, kill=True)
    psutil.wait_procs(left, timeout=_GRACE_SECONDS)
    for segment in _abandoned() if left else ():
        segment.unlink(missing_ok=True)
    return len(left)


def _marked(state_dir: Path, stack_id: str | None, name: str | None = None) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        try:
            environment = process.environ()
        except psutil.Error:  # another user's, or gone
            continue
        wanted = {STACK_MARK: stack_id, STATE_MARK: str(state_dir), PROCESS_MARK: name}
        is_ours = all(environment.get(mark) == value for mark, value in wanted.items() if value is not None)
        if is_ours and STACK_MARK in environment and process.pid != os.getpid():
            yield process


def _signal(process: psutil.Process, *, kill: bool) -> None:
    try:
        process.kill() if kill else process.terminate()
    except psutil.NoSuchProcess:
        return


def _mapped(processes: Iterable[psutil.Process]) -> set[Path]:
    """Read which segments are mapped, from /proc, which is faster by far than psutil's reading of page counts."""
    segments: set[Path] = set()
    for process in processes:
        try:
            maps = Path(f"/proc/{process.pid}/maps").read_text(encoding="utf-8", errors="replace")
        except OSError:  # gone, or no Linux
            continue
        paths = (line.split(maxsplit=5)[5] for line in maps.splitlines() if f" {_SHARED_MEMORY}/" in line)
        segments |= {Path(path.removesuffix(" (deleted)")) for path in paths}
    return {segment for segment in segments if segment.name.startswith(_OURS)}


def _abandoned() -> set[Path]:
    """List segments of ours, by name and owner, that no process has mapped: left by one that was killed."""
    if not _SHARED_MEMORY.is_dir():
        return set()
    mine = {
        segment
        for segment in _SHARED_MEMORY.iterdir()
        if segment.name.startswith(_OURS) and segment.stat().st_uid == os.getuid()
    }
    return mine - _mapped(psutil.process_iter()) if mine else set()
