"""Measures taken side by side: they read the same two pictures and know nothing of each other."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from atelier_imaging.measures import Measure


def together(*takes: Callable[[], Iterable[Measure]]) -> tuple[Measure, ...]:
    """Take measures in threads, for array work leaves the interpreter free; answer them in the order of `takes`."""
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        return tuple(measure for taken in pool.map(lambda take: tuple(take()), takes) for measure in taken)
