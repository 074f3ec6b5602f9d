"""How alike two faces are, and what that says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from atelier_imaging.identity import similarity_of_rate
from atelier_imaging.measures import Gate, Measure, Verdict, judged, not_measurable
from atelier_imaging.region import Region

if TYPE_CHECKING:
    from atelier_imaging.identity import Calibration

NO_ENCODER: Final = "No face encoder is installed; `atelier models` installs one."
_NAME: Final = "identity_similarity"


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two faces are.

    `distance` is the encoder's own; `false_accept_rate` the share of pairs of different people that are at least as
    alike. All three are None where there is no encoder. `threshold` is the similarity that was asked for, if any.
    """

    similarity: float | None
    distance: float | None
    false_accept_rate: float | None
    threshold: float | None
    verdict: Verdict
    explanation: str

    @property
    def passes(self) -> bool:
        """Say whether it is as alike as was asked for."""
        return self.verdict is Verdict.PASS

    def measure(self, name: str = _NAME) -> Measure:
        """Return it as a measure of the report."""
        gate = None if self.threshold is None else Gate(minimum=self.threshold)
        if self.similarity is None:
            return not_measurable(name, "similarity", gate, self.explanation, Region.FACE)
        return judged(name, self.similarity, "similarity", gate, self.explanation, Region.FACE)


def likeness(distance: float | None, calibration: Calibration, false_accept_rate: float | None = None) -> Likeness:
    """Say what a distance means, None where there is no encoder; judge it at a rate of false accepts if given."""
    if distance is None:
        return Likeness(None, None, None, None, Verdict.NOT_MEASURABLE, NO_ENCODER)
    similarity = calibration.similarity(distance)
    rate = calibration.false_accept_rate(similarity)
    shared = f"{_share(rate)} of pairs of different people are at least as alike"
    if false_accept_rate is None:
        return Likeness(similarity, distance, rate, None, Verdict.UNSPECIFIED, f"{shared[0].upper()}{shared[1:]}.")
    threshold = similarity_of_rate(false_accept_rate)
    within = similarity >= threshold
    said = "Taken for the same person" if within else "Not taken for the same person"
    return Likeness(
        similarity,
        distance,
        rate,
        threshold,
        Verdict.PASS if within else Verdict.FAIL,
        f"{said}: {shared}, and {_share(false_accept_rate)} may pass.",
    )


def confidence(distance: float, calibration: Calibration, *, passed: bool) -> float:
    """Say how sure a verdict is, 0..1: how few of those that it would be wrong about are so far on the wrong side.

    For the same person it is 1 less the share of different people who are at least as alike, for another one 1 less the
    share of pairs of one person that are less alike.
    """
    similarity = calibration.similarity(distance)
    wrong = calibration.false_accept_rate if passed else calibration.false_reject_rate
    return 1.0 - wrong(similarity)


def _share(rate: float) -> str:
    return f"{100 * rate:.2g} %"
