"""A light said in words."""

from __future__ import annotations

import pytest
from atelier_edit.diffusion.instructions import instruction
from atelier_edit.light.patterns import moods, patterns
from atelier_edit.light.rig import Lamp, Rig

KEY = Lamp(45, 45, 1.0, 0.15)


def test_a_rig_is_said_by_where_its_key_stands_and_what_it_does() -> None:
    said = instruction(Rig(KEY, ratio=6))
    assert "comes from the right side of the picture, about 45 degrees around the subject" in said
    assert "high above the eyes" in said
    assert "small and hard" in said
    assert "deep shadow" in said


def test_the_subjects_left_is_the_pictures_right() -> None:
    assert "right side of the picture" in instruction(Rig(Lamp(60, 10)))
    assert "left side of the picture" in instruction(Rig(Lamp(-60, 10)))


def test_what_is_to_stay_is_always_said() -> None:
    assert "keep the same person, face, expression" in instruction(Rig(KEY))


@pytest.mark.parametrize(
    ("lamp", "words"),
    [
        (Lamp(0, 0, 1.0, 0.9), "the camera's own direction, at the height of the eyes"),
        (Lamp(90, -30), "at a right angle to the camera, from below the face"),
        (Lamp(150, 80), "behind the subject, on the right side of the picture, almost straight from above"),
        (Lamp(45, 45, 1.0, 0.5, 2500), "of a deep amber colour"),
        (Lamp(45, 45, 1.0, 0.5, 7500), "of a cool bluish colour"),
        (Lamp(45, 45, 1.0, 1.0), "very large and diffuse"),
    ],
)
def test_every_figure_of_a_lamp_has_its_words(lamp: Lamp, words: str) -> None:
    assert words in instruction(Rig(lamp))


def test_colour_is_only_spoken_of_where_it_is_asked_for() -> None:
    assert "colour" not in instruction(Rig(KEY))


def test_further_lamps_are_said_where_they_shine() -> None:
    said = instruction(Rig(KEY, fill=Lamp(-40, 0, 0.3), rim=Lamp(150, 30, 1.5)))
    assert "A weaker light from the left side of the picture" in said
    assert "A light from behind on the right side of the picture edges hair and shoulder" in said
    assert "edges hair" not in instruction(Rig(KEY, rim=Lamp(150, 30, 0.0)))


@pytest.mark.parametrize("name", [*patterns(), *moods()])
def test_every_pattern_and_mood_has_a_name_for_the_network(name: str) -> None:
    assert len(instruction(Rig(KEY), name)) > len(instruction(Rig(KEY)))
