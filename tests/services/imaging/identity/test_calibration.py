from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from atelier_imaging.identity import Calibration, load_encoder, rate_of_similarity, similarity_of_rate

# An encoder whose strangers are 0.8 apart, give or take 0.1, as a normal distribution.
RATES = (1e-5, 1e-4, 1e-3, 0.01, 0.1, 0.5, 0.9, 0.99)
STRANGERS = NormalDist(0.8, 0.1)
CURVE = {
    "pairs": 1_000_000,
    "false_accepts": [[STRANGERS.inv_cdf(rate), rate] for rate in RATES],
    "false_rejects": [[0.1, 0.5], [0.2, 0.1], [0.4, 0.001]],
}


@pytest.fixture
def normal() -> Calibration:
    return Calibration.read(CURVE)


def test_the_published_threshold_of_sface_stands_for_one_in_a_thousand() -> None:
    assert similarity_of_rate(1e-3) == pytest.approx(0.363)
    assert rate_of_similarity(0.363) == pytest.approx(1e-3)
    assert similarity_of_rate(0.5) == 0.0


def test_a_similarity_stands_for_the_rate_that_was_measured(normal: Calibration) -> None:
    for rate in RATES:
        assert normal.similarity(STRANGERS.inv_cdf(rate)) == pytest.approx(similarity_of_rate(rate), abs=1e-9)
    between = normal.similarity(STRANGERS.inv_cdf(3e-4))
    assert rate_of_similarity(between) == pytest.approx(3e-4, rel=0.05)


def test_two_encoders_give_one_similarity_for_one_rate(normal: Calibration) -> None:
    wide = [[3 * STRANGERS.inv_cdf(rate), rate] for rate in RATES]
    other = Calibration.read({**CURVE, "false_accepts": wide})
    assert other.similarity(3 * 0.55) == pytest.approx(normal.similarity(0.55))


def test_no_distance_is_similarity_1_and_similarity_falls_with_distance(normal: Calibration) -> None:
    assert normal.similarity(0.0) == 1.0
    values = [normal.similarity(distance) for distance in np.linspace(0, 1.5, 200)]
    assert (np.diff(values) < 0).all()
    assert normal.similarity(100.0) == -1.0


def test_the_scale_beyond_what_was_measured_goes_on_as_a_normal_tail(normal: Calibration) -> None:
    tail = STRANGERS.inv_cdf(1e-8)
    assert normal.similarity(tail) == pytest.approx(similarity_of_rate(1e-8), abs=0.02)


def test_distance_is_the_inverse_of_similarity(normal: Calibration) -> None:
    for distance in (0.05, 0.2, 0.5, 0.8, 0.95):
        assert normal.distance(normal.similarity(distance)) == pytest.approx(distance)


def test_a_rate_finer_than_the_finest_that_was_measured_is_never_promised(normal: Calibration) -> None:
    assert normal.false_accept_rate(0.9) == normal.finest_rate == 1e-5
    assert normal.false_accept_rate(0.363) == pytest.approx(1e-3)


def test_refusals_fall_as_the_threshold_loosens(normal: Calibration) -> None:
    strict, loose = normal.false_reject_rate(normal.similarity(0.1)), normal.false_reject_rate(normal.similarity(0.4))
    assert strict == pytest.approx(0.5)
    assert loose == pytest.approx(0.001)


@pytest.mark.parametrize("points", [[[0.5, 0.1], [0.4, 0.2]], [[0.4, 0.2], [0.5, 0.1]], [[0.0, 0.1], [0.5, 0.2]]])
def test_a_curve_that_does_not_rise_is_refused(points: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="rises"):
        Calibration.read({**CURVE, "false_accepts": points})


def test_the_default_encoder_is_calibrated_on_many_people_and_separates_them() -> None:
    calibration = load_encoder().calibration
    assert calibration is not None
    assert calibration.pairs > 250_000
    assert calibration.finest_rate <= 1e-5
    # dlib's own threshold, 0.6: about 1 in 100 among people of one profession.
    assert calibration.similarity(0.6) == pytest.approx(similarity_of_rate(0.012), abs=0.03)
    assert calibration.false_reject_rate(calibration.similarity(0.526)) < 0.01


def test_a_curve_of_few_people_has_a_scale_too() -> None:
    coarse = Calibration.read({**CURVE, "false_accepts": [[0.6, 0.02], [0.7, 0.2], [0.8, 0.5]]})
    values = [coarse.similarity(distance) for distance in (0.0, 0.3, 0.6, 0.7, 0.8, 0.9)]
    assert values[0] == 1.0
    assert (np.diff(values) < 0).all()
