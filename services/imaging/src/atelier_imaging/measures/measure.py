"""One thing measured of a result, and what it says against its threshold."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import inf, isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from atelier_imaging.face import Box
    from atelier_imaging.region import Region


class Verdict(Enum):
    """What a measure says; the names are those of `atelier.v1.Verdict`."""

    UNSPECIFIED = "unspecified"
    """There is no threshold; the value is for information."""
    PASS = "pass"  # noqa: S105 - a verdict
    """Within the threshold."""
    WARN = "warn"
    """Outside the threshold, by little."""
    FAIL = "fail"
    """Outside the threshold."""
    NOT_MEASURABLE = "not_measurable"
    """It could not be taken; nothing is guessed."""


@dataclass(frozen=True, slots=True)
class Gate:
    """The range that passes, and the wider one beyond which a value fails; in between it warns. None is open."""

    minimum: float | None = None
    maximum: float | None = None
    fail_below: float | None = None
    fail_above: float | None = None

    def verdict(self, value: float) -> Verdict:
        """Return what a value says against the range."""
        low, high = _or(self.minimum, -inf), _or(self.maximum, inf)
        if low <= value <= high:
            return Verdict.PASS
        if _or(self.fail_below, low) <= value <= _or(self.fail_above, high):
            return Verdict.WARN
        return Verdict.FAIL


@dataclass(frozen=True, slots=True)
class Measure:
    """One thing measured of a result.

    `name` is in lower_snake_case; `value` is None when the verdict is NOT_MEASURABLE; `minimum` and `maximum` bound
    what passes, in `unit`. `region` and `box` say where it was measured. `explanation` is one sentence for people.
    """

    name: str
    value: float | None
    unit: str
    minimum: float | None
    maximum: float | None
    verdict: Verdict
    region: Region | None
    box: Box | None
    explanation: str


def judged(
    name: str,
    value: float,
    unit: str,
    gate: Gate | None,
    explanation: str,
    region: Region | None = None,
    box: Box | None = None,
) -> Measure:
    """Make a measure of a value; without a gate it is for information.

    A value that is no number becomes NOT_MEASURABLE.
    """
    if not isfinite(value):
        return not_measurable(name, unit, gate, "The arithmetic gave no number.", region, box)
    verdict = gate.verdict(value) if gate else Verdict.UNSPECIFIED
    gate = gate or Gate()
    return Measure(name, float(value), unit, gate.minimum, gate.maximum, verdict, region, box, explanation)


def not_measurable(
    name: str, unit: str, gate: Gate | None, why: str, region: Region | None = None, box: Box | None = None
) -> Measure:
    """Make a measure that could not be taken, with the sentence that says why."""
    gate = gate or Gate()
    return Measure(name, None, unit, gate.minimum, gate.maximum, Verdict.NOT_MEASURABLE, region, box, why)


def _or(bound: float | None, otherwise: float) -> float:
    return otherwise if bound is None else bound
