"""How the C library keeps memory, for a process whose work is to copy messages of a megabyte.

With glibc's defaults every large message is mapped afresh and unmapped again, so the kernel clears each page anew:
measured at 1 MiB, that was two thirds of the system time of a hop. Kept on the heap, the same pages serve the next
message. One arena instead of one for each thread keeps resident memory flat.
"""

from __future__ import annotations

import ctypes
from typing import Final

from atelier_sdk.capability import MIB

# Parameters of mallopt(3), from malloc.h.
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8


def keep_freed_memory(limit_bytes: int = 32 * MIB) -> bool:
    """Keep up to `limit_bytes` of freed memory for the next message; False where the C library has no such switch."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:
        return False
    settings = ((_M_MMAP_THRESHOLD, limit_bytes), (_M_TRIM_THRESHOLD, limit_bytes), (_M_ARENA_MAX, 1))
    done: int = sum(mallopt(parameter, value) for parameter, value in settings)
    return done == len(settings)
