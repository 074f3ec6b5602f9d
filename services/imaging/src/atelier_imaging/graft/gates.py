"""An edit held to its gates: with less strength where that is asked for, or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from atelier_sdk.errors import GateBrokenError

from atelier_imaging.measures.measure import Measure, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from atelier_imaging.vips import Pixels

_STRENGTHS: Final = (1.0, 0.8, 0.6, 0.4)


class Policy(Enum):
    """What becomes of an edit that breaks a gate."""

    LESSEN = "lessen"
    """It is applied with less strength, down to 0.4 of what was asked; then it is an error."""
    FAIL = "fail"
    """It is an error."""


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """An edit that passed: its pixels, the share of the asked strength that it has, and what was measured."""

    pixels: Pixels
    strength: float
    measures: tuple[Measure, ...]


def held(
    apply: Callable[[float], Pixels], measure: Callable[[Pixels], Sequence[Measure]], policy: Policy = Policy.LESSEN
) -> Held:
    """Return the strongest result of an edit that no gate fails.

    `apply` returns the pixels of a strength in 0..1; it is asked for several, so what is dear is done before. `measure`
    returns the measures of a result. A measure that warns or that cannot be taken passes.

    Raises GateBrokenError with the measure, its value and its bounds.
    """
    for strength in _STRENGTHS if policy is Policy.LESSEN else _STRENGTHS[:1]:
        pixels = apply(strength)
        measures = tuple(measure(pixels))
        broken = [each for each in measures if each.verdict is Verdict.FAIL]
        if not broken:
            return Held(pixels, strength, measures)
    raise _broken(broken[0], strength)


def _broken(measure: Measure, strength: float) -> GateBrokenError:
    bounds = {"minimum": measure.minimum, "maximum": measure.maximum}
    metadata = {"measure": measure.name, "measured": f"{measure.value:g}", "strength": f"{strength:g}"}
    metadata |= {name: f"{value:g}" for name, value in bounds.items() if value is not None}
    sentence = f"The edit breaks the gate {measure.name} at {100 * strength:.0f} % of its strength."
    return GateBrokenError(f"{sentence} {measure.explanation}", metadata=metadata)
