"""Words that a plugin teaches the prompt director."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that stand for a value of one field of a direction.

    `field` is the path in `atelier.v1.Direction`, such as `lighting.pattern`. Any of `words`, in lower case, sets it to
    `value`. `phrasing` is what a prompt then says; empty: the first of the words.
    """

    field: str
    words: tuple[str, ...]
    value: str | float | bool
    phrasing: str = ""
