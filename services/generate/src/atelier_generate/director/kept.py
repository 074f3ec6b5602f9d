"""What is made of the plugins' words and presets, made once for all calls of a process."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Offered = TypeVar("Offered")
Made = TypeVar("Made")


def kept_for_the_last(make: Callable[[Offered], Made]) -> Callable[[Offered], Made]:
    """Keep an answer for as long as the very same object is asked about.

    A process has one tuple of its plugins' offers, whose entries need not be hashable.
    """
    last: list[tuple[Offered, Made]] = []

    @wraps(make)
    def kept(offered: Offered) -> Made:
        for known, made in last:
            if known is offered:
                return made
        made = make(offered)
        last[:] = [(offered, made)]
        return made

    return kept
