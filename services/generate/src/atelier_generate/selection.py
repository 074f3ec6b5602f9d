"""Which candidate is the most natural."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from atelier_imaging.measures import Verdict, not_measurable
from atelier_imaging.region import Region

from atelier_generate.person import SIMILARITY
from atelier_generate.technical import held

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def ranked(candidates: Sequence[Finished]) -> list[Finished]:
    """Order candidates from the most natural.

    Those that keep the identity floor come first, then those that have one face, then by the critic's realism. Where
    it could not be measured, by how many technical gates are held and then by sharpness. Of equals the first drawn.
    """
    return sorted(candidates, key=_rank, reverse=True)


def _rank(one: Finished) -> tuple[bool, bool, float, int, float, int]:
    realism, sharpness = one.value(REALISM), one.value("sharpness")
    return (
        one.keeps_floor,
        len(one.faces) == 1,
        -1.0 if realism is None else realism,
        held(one.measures),
        sharpness or 0.0,
        -one.index,
    )
