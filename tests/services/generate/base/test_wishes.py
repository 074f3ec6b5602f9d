"""A brief is read as it was meant, and what cannot be had is said."""

from __future__ import annotations

import numpy as np
import pytest
from atelier_generate.base.attributes import ATTRIBUTES
from atelier_generate.base.wishes import RANGES, Wishes, wishes
from atelier_generate.brief import Brief, Light, Sitter


def read(brief: Brief, seed: int = 1) -> Wishes:
    return wishes(brief, np.random.default_rng(seed))


def test_what_is_left_open_is_chosen_and_said() -> None:
    found = read(Brief())
    assert {"age_years", "womanhood", "skin_ita_degrees"} <= found.attributes.keys()
    assert found.chosen.keys() == {"subject.age_years", "subject.skin_ita_degrees", "subject.description", "scene"}
    assert found.notes == ()


def test_one_wish_leaves_the_other_choices_as_they_were() -> None:
    free, asked = read(Brief()), read(Brief(Sitter(age_years=40)))
    assert asked.attributes["skin_ita_degrees"] == free.attributes["skin_ita_degrees"]
    assert asked.attributes["womanhood"] == free.attributes["womanhood"]


def test_the_backdrop_is_the_briefs_or_one_of_the_studios() -> None:
    colour = (0.2, 0.4, 0.6)
    assert read(Brief(background=colour)).backdrop == colour
    assert len({read(Brief(), seed).backdrop for seed in range(40)}) > 5


def test_left_open_women_and_men_come_alike() -> None:
    women = [read(Brief(), seed).attributes["womanhood"] > 0.5 for seed in range(200)]
    assert 0.4 < np.mean(women) < 0.6


def test_left_open_glasses_are_worn_or_not_the_oftener_the_older() -> None:
    worn = {
        age: [read(Brief(Sitter(age_years=age)), seed).attributes["glasses"] for seed in range(200)] for age in (35, 72)
    }
    assert all(len(set(found)) == 2 for found in worn.values())
    young, old = (np.mean(np.array(found) > 1) for found in worn.values())
    assert young < 0.1 < 0.3 < old


def test_what_is_said_of_a_sitter_names_the_glasses() -> None:
    for seed in range(40):
        found = read(Brief(Sitter(age_years=70)), seed)
        assert ("with glasses" in str(found.chosen["subject.description"])) == (found.attributes["glasses"] > 1)


@pytest.mark.parametrize(("age", "drawn"), [(20.0, RANGES["age_years"][0]), (95.0, RANGES["age_years"][1])])
def test_what_lies_beyond_the_data_is_drawn_at_their_edge_and_said(age: float, drawn: float) -> None:
    found = read(Brief(Sitter(age_years=age)))
    assert found.attributes["age_years"] == drawn
    assert len(found.notes) == 1
    assert f"{age:.0f} years" in found.notes[0]


def test_light_from_the_subjects_left_lights_the_left_cheek() -> None:
    left, right, front = (
        read(Brief(light=Light(azimuth_degrees=side, ratio=3.0))).attributes["light_log_ratio"] for side in (60, -60, 0)
    )
    assert left == pytest.approx(-right)
    assert left > 1
    assert front == pytest.approx(0)


@pytest.mark.parametrize("hair", ["black", "brown", "blond", "red", "grey", "white", "bald"])
def test_every_tone_of_hair_is_a_wish(hair: str) -> None:
    assert read(Brief(Sitter(hair=hair))).attributes.keys() & {"hair_lightness", "hair_share"}


def test_all_wishes_are_attributes() -> None:
    everything = Brief(
        Sitter(40, 1, 20, "brown", 0.5, glasses=True, beard=True),
        Light(azimuth_degrees=45),
        yaw_degrees=5,
    )
    assert read(everything).attributes.keys() <= set(ATTRIBUTES)


def test_a_lens_is_refused_in_words() -> None:
    assert any("lens" in note for note in read(Brief(focal_mm=85)).notes)


@pytest.mark.parametrize("sitter", [Sitter(glasses=True), Sitter(hair="bald")], ids=["glasses", "bald"])
def test_what_is_not_always_drawn_is_told(sitter: Sitter) -> None:
    assert any("may come out faint" in note for note in read(Brief(sitter)).notes)
    assert read(Brief(Sitter(glasses=False, hair="grey"))).notes == ()
