"""What a process holds, as the kernel counted it."""

from __future__ import annotations

from pathlib import Path


def peak_megabytes(pid: int) -> float:
    """Return the peak of a process's resident memory, shared memory included."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    (peak,) = (line.split()[1] for line in status if line.startswith("VmHWM:"))
    return int(peak) / 1024
