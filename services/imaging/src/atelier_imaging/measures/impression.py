"""How an edit changed what a face reads as: for information, with the uncertainty of the networks that say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atelier_imaging.impression import EXPRESSIONS
from atelier_imaging.measures.measure import Measure, judged
from atelier_imaging.region import Region

if TYPE_CHECKING:
    from atelier_imaging.impression import Impression


def apparent_age_shift(before: Impression, after: Impression) -> Measure:
    """Measure by how many years an edit made a face look older (positive) or younger, by the age network.

    Both ages carry the network's error, most of which is the same for two pictures of one face; what is left is about
    the difference between a face and its mirror image.
    """
    shift = after.age_years - before.age_years
    said = f"The face reads as {after.age_years:.0f} ± {after.age_deviation_years:.0f} years old"
    explanation = f"{said}, {abs(shift):.1f} years {'older' if shift >= 0 else 'younger'} than before."
    return judged("apparent_age_shift", shift, "years", None, explanation, Region.FACE)


def expression_shift(before: Impression, after: Impression) -> Measure:
    """Measure how far the reading of the expression moved: the total variation distance of both, 0 to 1."""
    shift = sum(abs(after.expression[name] - before.expression[name]) for name in EXPRESSIONS) / 2
    first, second = (max(EXPRESSIONS, key=one.expression.__getitem__) for one in (before, after))
    sure = 100 * after.expression[second]
    explanation = f"The face reads as {second} ({sure:.0f} ± {100 * after.expression_deviation:.0f} %), before {first}."
    return judged("expression_shift", shift, "share", None, explanation, Region.FACE)
