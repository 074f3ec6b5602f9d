"""Patterns and moods as data, and what is refused of a request before any picture is looked at."""

from __future__ import annotations

import pytest
from atelier_edit.light.patterns import moods, patterns
from atelier_edit.light.rig import Lamp, Rig
from atelier_edit.relight_ask import RelightAsk, Side, check_ask
from atelier_sdk.errors import FieldOutOfRangeError, PresetUnknownError

ASKED_FOR = (
    *("rembrandt", "loop", "butterfly", "split", "broad", "short", "clamshell", "rim"),
    *("window", "studio-softbox", "golden-hour", "overcast", "flat"),
)


def test_every_pattern_of_the_trade_is_there() -> None:
    assert set(ASKED_FOR) <= set(patterns())
    assert {"studio", "soft-beauty", "cool-cinematic", "warm-portrait"} <= set(moods())


def test_patterns_stand_where_textbooks_put_them() -> None:
    assert 40 <= patterns()["rembrandt"].azimuth <= 55
    assert 40 <= patterns()["rembrandt"].elevation <= 50
    assert 30 <= patterns()["loop"].azimuth <= 45
    assert patterns()["butterfly"].azimuth == 0
    assert 80 <= patterns()["split"].azimuth <= 95
    assert patterns()["flat"].ratio < 2
    assert patterns()["split"].ratio >= 8


def test_a_mood_is_its_pattern_with_figures_of_its_own() -> None:
    mood, pattern = moods()["warm-portrait"], patterns()["rembrandt"]
    assert (mood.azimuth, mood.elevation) == (pattern.azimuth, pattern.elevation)
    assert mood.kelvin is not None
    assert mood.kelvin < 5000


def test_all_unknown_names_are_refused_at_once_with_the_nearest() -> None:
    with pytest.raises(PresetUnknownError) as refused:
        check_ask(RelightAsk(pattern="rembrant", mood="studoi"))
    assert [violation.field for violation in refused.value.violations] == ["relighting.pattern", "relighting.mood"]
    assert "rembrandt" in refused.value.message
    assert "studio" in refused.value.message


def test_an_unknown_finish_is_refused() -> None:
    with pytest.raises(PresetUnknownError, match="dewy"):
        check_ask(RelightAsk(pattern="loop", finish="wet"))


def test_a_rig_that_contradicts_itself_is_refused_with_every_contradiction() -> None:
    rig = Rig(
        key=Lamp(150, 30, 0.0),
        fill=Lamp(-45, 0, 0.0),
        rim=Lamp(20, 30, 1.0),
        ambient=0.0,
        ratio=4,
    )
    with pytest.raises(FieldOutOfRangeError) as refused:
        check_ask(RelightAsk(rig=rig, side=Side.LEFT))
    assert {violation.field for violation in refused.value.violations} == {
        "relighting.side",
        "relighting.rig",
        "relighting.rig.key.intensity",
        "relighting.rig.key.azimuth_degrees",
        "relighting.rig.rim.azimuth_degrees",
    }


def refused(rig: Rig) -> str:
    """Return what is said against a rig; nothing where it is accepted."""
    try:
        check_ask(RelightAsk(rig=rig))
    except FieldOutOfRangeError as error:
        return error.message
    return ""


def test_a_fill_brighter_than_the_key_is_refused_and_one_as_bright_is_not() -> None:
    assert "outshines" in refused(Rig(key=Lamp(45, 45, 0.5), fill=Lamp(-45, 0, 0.51)))
    assert refused(Rig(key=Lamp(45, 45, 0.5), fill=Lamp(-45, 0, 0.5))) == ""


@pytest.mark.parametrize(
    "rig", [Rig(key=Lamp(45, 45)), Rig(key=Lamp(150, 20), fill=Lamp(0, 0, 0.5)), Rig(Lamp(0, 0), ratio=2)]
)
def test_a_rig_that_makes_sense_is_accepted(rig: Rig) -> None:
    assert refused(rig) == ""
