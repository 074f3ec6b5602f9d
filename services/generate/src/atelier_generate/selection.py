"""Which candidate is the most natural."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from atelier_imaging.measures import Verdict, not_measurable
from atelier_imaging.region import Region

from atelier_generate.person import SIMILARITY
from atelier_generate.technical import held

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from atelier.v1.image_pb2 import Image
    from atelier_imaging.face import Face
    from atelier_imaging.measures import Measure
    from atelier_imaging.picture import ImageInfo

    from atelier_generate.record import Record

REALISM: Final = "realism"


def unknown_realism() -> Measure:
    """Say that nobody is there to say how natural a portrait looks."""
    why = "No critic is installed; a plugin that brings the measure `realism`, such as inspect, is one."
    return not_measurable(REALISM, "score", None, why, Region.FACE)


@dataclass(frozen=True, slots=True, eq=False)
class Finished:
    """A candidate that was drawn, measured and written; `tones` are the typology angles of its faces by their index."""

    index: int
    seed: int
    image: Image
    info: ImageInfo
    record: Record
    measures: tuple[Measure, ...]
    faces: tuple[Face, ...]
    tones: dict[int, float]
    notes: tuple[str, ...]

    def value(self, name: str) -> float | None:
        """Return the value of a measure; None where it was not taken or could not be."""
        return next((one.value for one in self.measures if one.name == name), None)

    @property
    def keeps_floor(self) -> bool:
        """Say whether the candidate is as like the person as was asked for."""
        judged = [one.verdict for one in self.measures if one.name == SIMILARITY and one.minimum is not None]
        return all(verdict is Verdict.PASS for verdict in judged)


@dataclass(frozen=True, slots=True)
class Rule:
    """What orders candidates: a value, the more the better, and how it is told; `said` shows one candidate's."""

    name: str
    value: Callable[[Finished], float]
    said: Callable[[Finished], str] = lambda _: ""


def ranked(candidates: Sequence[Finished]) -> list[Finished]:
    """Order candidates from the most natural.

    Those that keep the identity floor come first, then those that have one face, then by the critic's realism in
    steps of a hundredth, as it is told. Of equals, and where it could not be measured, by how many technical gates are
    held and then by sharpness, which is the face's at one size whatever the picture's. Of equals the first drawn.
    """
    return sorted(candidates, key=lambda one: (*(rule.value(one) for rule in _RULES), -one.index), reverse=True)


def reason(ranking: Sequence[Finished]) -> str | None:
    """Say by what the first of a ranking comes before the second; None where it is alone."""
    if len(ranking) < 2:
        return None
    first, second = ranking[:2]
    told = f"The candidate of seed {first.seed} comes before that of seed {second.seed}"
    for rule in _RULES:
        if rule.value(first) != rule.value(second):
            figures = f": {rule.said(first)} against {rule.said(second)}" if rule.said(first) else ""
            return f"{told}, by {rule.name}{figures}."
    return f"{told}, because it was drawn first: nothing that was measured tells them apart."


def _realism(one: Finished) -> float:
    value = one.value(REALISM)
    return -1.0 if value is None else round(value, 2)


def _said(name: str, digits: int) -> Callable[[Finished], str]:
    def say(one: Finished) -> str:
        value = one.value(name)
        return "not measurable" if value is None else f"{value:.{digits}f}"

    return say


_RULES: Final = (
    Rule("the identity floor", lambda one: one.keeps_floor),
    Rule("having one face", lambda one: len(one.faces) == 1),
    Rule("realism", _realism, _said(REALISM, 2)),
    Rule("the technical gates that it holds", lambda one: held(one.measures), lambda one: str(held(one.measures))),
    Rule("sharpness", lambda one: one.value("sharpness") or 0.0, _said("sharpness", 4)),
)
