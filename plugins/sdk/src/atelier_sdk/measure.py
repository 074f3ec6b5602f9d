"""Measures that a plugin takes of results, in the process of the service that made them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Verdict = Literal["unspecified", "pass", "warn", "fail", "not_measurable"]


@dataclass(frozen=True, slots=True)
class Reading:
    """One thing measured of a result.

    `name` is in lower_snake_case. `value` is None where it could not be taken; the verdict is `not_measurable` then.
    `unit` is also that of `minimum` and `maximum`, the range that passes, where there is one. `box` is where it was
    measured: left, top, width and height in pixels. `explanation` is one sentence for people.
    """

    name: str
    value: float | None
    unit: str
    explanation: str
    verdict: Verdict = "unspecified"
    minimum: float | None = None
    maximum: float | None = None
    box: tuple[int, int, int, int] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What a measure may look at: a result, and the picture that it was made from, where there is one.

    Both are `atelier_imaging.portrait.Portrait`: decoded pixels with their face analysis, computed on first use and
    then shared by all measures. The SDK does without the imaging library, and therefore without that type.
    """

    result: Any
    source: Any = None


@dataclass(frozen=True, slots=True)
class MeasureSource:
    """A way to measure results.

    `name` is in lower_snake_case, and callers ask for it by that; `description` is one sentence. `take` answers one
    reading or several; it runs in a worker thread of the service, once for each result, and must change nothing.
    """

    name: str
    description: str
    take: Callable[[View], Iterable[Reading]]
