from __future__ import annotations

import numpy as np
import pytest

curves = pytest.importorskip("atelier_training_identity.curves", reason="the calibration is not installed here")
gathering = pytest.importorskip("atelier_training_identity.gathering")


def test_every_pair_of_people_is_counted_once() -> None:
    people = np.array([[0, 0], [3, 4], [6, 8]], np.float32)
    assert curves.between_people(people).tolist() == [5.0, 5.0, 10.0]


def test_the_curve_goes_no_further_down_than_two_pairs_reach() -> None:
    strangers = np.linspace(0.5, 1.5, 1001)
    curve = {rate: distance for distance, rate in curves.false_accepts(strangers)}
    assert min(curve) == 0.003  # 3 pairs of 1001; 0.001 would be one
    assert curve[0.5] == pytest.approx(1.0)
    assert list(curve.values()) == sorted(curve.values())


def test_people_who_never_meet_have_no_equal_error() -> None:
    rate, distance = curves.equal_error_rate(np.array([0.8, 0.9, 1.0]), np.array([0.1, 0.2, 0.3]))
    assert rate == 0.0
    assert 0.3 <= distance < 0.8
    assert curves.accuracy(np.array([0.8, 0.9, 1.0]), np.array([0.1, 0.2, 0.3]), distance) == 1.0


def test_the_equal_error_is_where_as_many_are_accepted_as_refused() -> None:
    strangers, same = np.linspace(0.4, 1.4, 2001), np.linspace(0.0, 0.6, 2001)
    rate, distance = curves.equal_error_rate(strangers, same)
    # 0.4 + x = 0.6 (1 - x) at x = 1/8: there an eighth of either lies on the wrong side.
    assert rate == pytest.approx(0.125, abs=0.002)
    assert distance == pytest.approx(0.525, abs=0.002)
    assert curves.accuracy(strangers, same, distance) == pytest.approx(0.875, abs=0.002)


def sitter(at: float, ita: float | None, male: float) -> object:
    embedding = np.array([at, 0], np.float32)
    return gathering.Sitter(embedding, {"jpeg": embedding + np.array([0, 0.1], np.float32)}, ita, male)


def test_groups_are_measured_among_themselves() -> None:
    people = [sitter(0.0, 50, 0.9), sitter(0.3, 45, 0.1), sitter(1.0, 20, 0.95), sitter(2.0, None, 0.5)]
    skin, sex = curves.by_skin(people), curves.by_sex(people)
    assert {name: len(those) for name, those in skin.items()} == {
        "light": 2,
        "intermediate": 0,
        "tan": 1,
        "brown and dark": 0,
    }
    assert [len(those) for those in sex.values()] == [2, 1]
    figures = curves.of_group(skin["light"], ["jpeg"], threshold=0.5)
    assert (figures["people"], figures["false_accept_rate"], figures["false_reject_rate"]) == (2, 1.0, 0.0)
    assert figures["median_distance_of_one_person"] == pytest.approx(0.1)
