"""The ranking, on candidates of known measures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from atelier.v1 import image_pb2
from atelier_generate.selection import Finished, ranked, reason
from atelier_generate.technical import EYES_OPEN, SHARPNESS
from atelier_imaging.measures import Gate, judged, not_measurable

ANY = Gate(minimum=0)

if TYPE_CHECKING:
    from atelier_imaging.measures import Measure


def candidate(index: int, *measures: Measure, faces: int = 1) -> Finished:
    nothing: Any = None
    return Finished(
        index=index,
        seed=index,
        image=image_pb2.Image(),
        info=nothing,
        record=nothing,
        measures=measures,
        faces=(nothing,) * faces,
        tones={},
        notes=(),
    )


def realism(value: float) -> Measure:
    return judged("realism", value, "score", None, "")


def likeness(value: float) -> Measure:
    return judged("identity_similarity", value, "cosine", Gate(minimum=0.5), "")


def order(*candidates: Finished) -> list[int]:
    return [one.index for one in ranked(candidates)]


def test_the_most_real_comes_first() -> None:
    assert order(candidate(0, realism(0.2)), candidate(1, realism(0.9)), candidate(2, realism(0.5))) == [1, 2, 0]


def test_one_face_comes_before_realism_and_the_identity_floor_before_both() -> None:
    crowd = candidate(0, realism(0.9), likeness(0.9), faces=2)
    stranger = candidate(1, realism(0.9), likeness(0.1))
    plain = candidate(2, realism(0.1), likeness(0.6))
    assert order(crowd, stranger, plain) == [2, 0, 1]


def test_what_the_critic_cannot_measure_comes_after_what_it_can() -> None:
    assert order(candidate(0, not_measurable("realism", "score", None, "")), candidate(1, realism(0.0))) == [1, 0]


def test_without_a_critic_gates_count_and_then_sharpness() -> None:
    blink = candidate(
        0, judged("eyes_open", 0.05, "ratio", EYES_OPEN, ""), judged("sharpness", 0.02, "", SHARPNESS, "")
    )
    soft = candidate(1, judged("eyes_open", 0.3, "ratio", EYES_OPEN, ""), judged("sharpness", 0.012, "", SHARPNESS, ""))
    crisp = candidate(2, judged("eyes_open", 0.3, "ratio", EYES_OPEN, ""), judged("sharpness", 0.02, "", SHARPNESS, ""))
    assert order(blink, soft, crisp) == [2, 1, 0]


def test_of_equally_real_ones_the_crisper_comes_first_and_what_the_caller_has_measured_does_not_matter() -> None:
    soft = candidate(0, realism(0.912), judged("sharpness", 0.012, "", SHARPNESS, ""), judged("grain", 1, "", ANY, ""))
    crisp = candidate(1, realism(0.908), judged("sharpness", 0.02, "", SHARPNESS, ""))
    real = candidate(2, realism(0.93), judged("sharpness", 0.001, "", SHARPNESS, ""))
    assert order(soft, crisp, real) == [2, 1, 0]


@pytest.mark.parametrize(
    ("best", "second", "why"),
    [
        ((realism(0.9),), (realism(0.5),), "by realism: 0.90 against 0.50."),
        ((realism(0.9),), (not_measurable("realism", "score", None, ""),), "by realism: 0.90 against not measurable."),
        ((likeness(0.6),), (likeness(0.4),), "by the identity floor."),
        (
            (judged("sharpness", 0.03, "", SHARPNESS, ""),),
            (judged("sharpness", 0.02, "", SHARPNESS, ""),),
            "by sharpness: 0.0300 against 0.0200.",
        ),
        ((), (), "because it was drawn first: nothing that was measured tells them apart."),
    ],
)
def test_why_the_first_is_the_first_is_told(best: tuple[Measure, ...], second: tuple[Measure, ...], why: str) -> None:
    told = reason(ranked([candidate(1, *second), candidate(0, *best)]))
    assert told == f"The candidate of seed 0 comes before that of seed 1, {why}"


def test_of_one_candidate_no_reason_is_given() -> None:
    assert reason([candidate(0)]) is None


def test_of_equals_the_first_drawn_comes_first() -> None:
    assert order(candidate(1), candidate(0), candidate(2)) == [0, 1, 2]
