"""What safety hooks see of a generation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class PlannedGeneration:
    """A generation that is about to be drawn.

    A hook may change `prompt` and `negative_prompt`; the rest is for its judgement: `direction` is the caller's
    direction as JSON (`atelier.v1.Direction`), `references` the number of portraits that show the person to draw. What
    people write stays out of `repr`.
    """

    request_id: str
    tenant: str
    prompt: str = field(repr=False)
    negative_prompt: str = field(repr=False)
    direction: Mapping[str, object] = field(default_factory=dict, repr=False)
    candidates: int = 1
    references: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A candidate that was drawn, before it is measured and written.

    A hook may change `pixels`, a NumPy array of (height, width, 3) float32, sRGB-encoded, 0..1, and `notes`, sentences
    for the report. The SDK does without NumPy, and therefore without that type.
    """

    request_id: str
    tenant: str
    index: int
    seed: int
    pixels: Any = field(repr=False)
    notes: tuple[str, ...] = ()
