"""How alike two faces are, and what that says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from atelier_imaging.identity import similarity_of_rate
from atelier_imaging.measures import Gate, Measure, Verdict, judged, not_measurable
from atelier_imaging.region import Region

if TYPE_CHECKING:
    from atelier_imaging.identity import Calibration

_NAME: Final = "identity_similarity"


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two faces are.

    `distance` is the encoder's own; `false_accept_rate` the share of pairs of different people that are at least as
    alike. All are None where it cannot be said. Where it was judged, `threshold` is the similarity that was asked for
    and `confidence` 0..1 says how sure the verdict is: 1 less the share of pairs of different people at least as alike
    if it passes, 1 less the share of pairs of one person less alike if it fails.
    """

    verdict: Verdict
    explanation: str
    similarity: float | None = None
    distance: float | None = None
    false_accept_rate: float | None = None
    threshold: float | None = None
    confidence: float | None = None

    def measure(self, name: str = _NAME) -> Measure:
        """Return it as a measure of the report."""
        gate = None if self.threshold is None else Gate(minimum=self.threshold)
        if self.similarity is None:
            return not_measurable(name, "cosine", gate, self.explanation, Region.FACE)
        return judged(name, self.similarity, "cosine", gate, self.explanation, Region.FACE)


def unknown(why: str) -> Likeness:
    """Say that it cannot be said."""
    return Likeness(Verdict.NOT_MEASURABLE, why)


def judge(distance: float, calibration: Calibration, false_accept_rate: float | None = None) -> Likeness:
    """Say what a distance means, and whether it passes where that share of strangers may pass."""
    similarity = calibration.similarity(distance)
    rate = calibration.false_accept_rate(similarity)
    fewer = "fewer than " if rate <= calibration.finest_rate else ""
    shared = f"{fewer}{_share(rate)} of pairs of different people are as alike"
    if false_accept_rate is None:
        said = f"{shared[0].upper()}{shared[1:]}."
        return Likeness(Verdict.UNSPECIFIED, said, similarity, distance, rate)
    threshold = similarity_of_rate(false_accept_rate)
    passes = similarity >= threshold
    wrong = rate if passes else calibration.false_reject_rate(similarity)
    said = "Taken for the same person" if passes else "Not taken for the same person"
    return Likeness(
        verdict=Verdict.PASS if passes else Verdict.FAIL,
        explanation=f"{said}: {shared}, and {_share(false_accept_rate)} may pass.",
        similarity=similarity,
        distance=distance,
        false_accept_rate=rate,
        threshold=threshold,
        confidence=1.0 - wrong,
    )


def _share(rate: float) -> str:
    return f"{100 * rate:.2g} %"
