"""What embeddings say: groups of one person, distances to a mean, likeness in words."""

from __future__ import annotations

import numpy as np
import pytest
from atelier_identity.comparing import distance_to_mean
from atelier_identity.enrolment import distances_between, odd_ones
from atelier_identity.likeness import judge, unknown
from atelier_imaging.identity import load_encoder
from atelier_imaging.measures import Verdict

CALIBRATION = load_encoder().calibration


def test_the_distance_to_mean_and_spread_is_the_root_mean_square_to_all() -> None:
    random = np.random.default_rng(5)
    references, face = random.normal(size=(6, 16)).astype(np.float32), random.normal(size=16).astype(np.float32)
    mean = references.mean(axis=0)
    spread = float(np.sqrt(((references - mean) ** 2).sum(axis=1).mean()))
    expected = float(np.sqrt(((references - face) ** 2).sum(axis=1).mean()))
    assert distance_to_mean(face, mean, spread) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("places", "odd"),
    [
        ([0.0, 0.1, 0.2], ()),
        ([0.0, 5.0, 0.1], (1,)),
        ([5.0, 0.0, 0.1, 9.0], (0, 3)),
        ([0.0, 5.0], (1,)),  # of two, the first is the person
        ([0.0, 5.0, 5.1, 0.1], (1, 2)),
        ([0.0, 0.4, 0.8, 1.2], ()),  # linked by those between, as a face is over the years
        ([3.0], ()),
    ],
)
def test_references_that_show_another_person_are_found(places: list[float], odd: tuple[int, ...]) -> None:
    embeddings = np.array(places, np.float32)[:, None]
    assert odd_ones(distances_between(embeddings), 0.5) == odd


def test_a_near_face_passes_and_a_far_one_fails() -> None:
    assert CALIBRATION is not None
    near, far = (judge(distance, CALIBRATION, 0.001) for distance in (0.2, 0.9))
    assert (near.verdict, far.verdict) == (Verdict.PASS, Verdict.FAIL)
    assert near.threshold == far.threshold == pytest.approx(0.363, abs=1e-3)
    assert near.confidence is not None
    assert near.confidence > 0.999
    assert far.confidence is not None
    assert far.confidence > 0.9
    assert near.measure().verdict is Verdict.PASS


def test_without_a_rate_a_likeness_is_for_information() -> None:
    assert CALIBRATION is not None
    found = judge(0.5, CALIBRATION)
    assert (found.verdict, found.threshold, found.confidence) == (Verdict.UNSPECIFIED, None, None)


def test_what_cannot_be_said_is_not_measurable() -> None:
    measure = unknown("There is no encoder.").measure()
    assert (measure.verdict, measure.value, measure.explanation) == (
        Verdict.NOT_MEASURABLE,
        None,
        "There is no encoder.",
    )
