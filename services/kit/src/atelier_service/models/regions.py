"""System shared memory that this process lends to a Triton on the same host.

Regions are made in sizes of powers of two and used again. A region that a cancelled inference may still write into
rests before it is used again. All of them are unlinked on exit; should the process be killed, Python's resource tracker
does it.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
import uuid
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

PREFIX: Final = "atelier-"
REST_SECONDS: Final = 60.0
_SMALLEST: Final = 64 * 1024
_FOLDER: Final = "/dev/shm"  # noqa: S108 (where Linux keeps it; only its free space is asked)


class Region:
    """One piece of shared memory; `known_to` is the generation of Triton that has registered it."""

    def __init__(self, size_bytes: int) -> None:
        self.memory = SharedMemory(f"{PREFIX}{os.getpid()}-{uuid.uuid4().hex[:12]}", create=True, size=size_bytes)
        self.size_bytes = size_bytes
        self.known_to = -1

    @property
    def name(self) -> str:
        """Return the name that Triton knows it by; as a key of shm_open it has a slash before it."""
        return self.memory.name

    def write(self, array: NDArray[np.float32]) -> None:
        """Copy an array into the region's beginning."""
        view: NDArray[np.float32] = np.ndarray(array.shape, array.dtype, buffer=self.memory.buf)
        view[...] = array

    def read(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Return a copy of the array at the region's beginning."""
        view: NDArray[np.float32] = np.ndarray(shape, np.float32, buffer=self.memory.buf)
        return view.copy()

    def unlink(self) -> None:
        """Give the memory back to the system."""
        self.memory.close()
        self.memory.unlink()


class Regions:
    """A pool of regions for worker threads.

    `generation` counts the restarts of Triton that were noticed: what an older one had registered, a newer one must
    learn.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.generation = 0
        self._clock = clock
        self._lock = threading.Lock()
        self._all: list[Region] = []
        self._free: dict[int, list[Region]] = {}
        self._resting: list[tuple[float, Region]] = []

    def take(self, size_bytes: int) -> Region | None:
        """Return a region of at least that size, or None where the system has no room for it."""
        size = max(_SMALLEST, 1 << (size_bytes - 1).bit_length())
        with self._lock:
            self._wake()
            free = self._free.get(size)
            if free:
                return free.pop()
            # A region without memory behind it is not refused: it kills the process when it is written to.
            if shutil.disk_usage(_FOLDER).free < 2 * size:
                return None
            region = Region(size)
            self._all.append(region)
            return region

    def give_back(self, region: Region, *, untouched: bool) -> None:
        """Return a region; `untouched` says that nobody writes into it any more."""
        with self._lock:
            if untouched:
                self._free.setdefault(region.size_bytes, []).append(region)
            else:
                self._resting.append((self._clock() + REST_SECONDS, region))

    def forget(self, generation: int) -> None:
        """Note that the Triton of that generation is gone, and all that it had registered with it."""
        with self._lock:
            if self.generation == generation:
                self.generation += 1

    def close(self) -> list[str]:
        """Unlink all regions and return the names that Triton still knows."""
        with self._lock:
            known = [region.name for region in self._all if region.known_to == self.generation]
            for region in self._all:
                region.unlink()
            self._all.clear()
            self._free.clear()
            self._resting.clear()
        return known

    def _wake(self) -> None:
        now = self._clock()
        for until, region in self._resting:
            if until <= now:
                self._free.setdefault(region.size_bytes, []).append(region)
        self._resting = [each for each in self._resting if each[0] > now]


def unlink_the_dead() -> None:
    """Unlink regions of services that were killed together with their resource trackers."""
    for path in Path(_FOLDER).glob(f"{PREFIX}*"):
        if owner_is_gone(path.name):
            path.unlink(missing_ok=True)


def owner_is_gone(name: str) -> bool:
    """Say whether a registered region belongs to a process of ours that is no more."""
    if not name.startswith(PREFIX):
        return False
    owner = name.removeprefix(PREFIX).partition("-")[0]
    try:
        os.kill(int(owner), 0)
    except ProcessLookupError:
        return True
    except (ValueError, PermissionError):
        return False
    return False
