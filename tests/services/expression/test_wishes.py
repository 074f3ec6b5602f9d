"""What a request means: names, controls, parts, contradictions."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from atelier.v1 import face_pb2
from atelier.v1.expression_pb2 import ExpressionAdjustment
from atelier_expression.controls import CONTROLS_OF, Adjustment, Part
from atelier_expression.goal import goal
from atelier_expression.presets import expression, expressions
from atelier_expression.wishes import wish_of
from atelier_sdk.errors import FieldOutOfRangeError, PresetUnknownError

from tests.services.expression.faces import mean_face


def test_every_named_expression_is_within_the_api_and_does_something() -> None:
    limits = {"pitch_degrees": 15, "yaw_degrees": 15, "roll_degrees": 15, "gaze_x_degrees": 30, "gaze_y_degrees": 20}
    assert {"calm", "confident", "introspective", "joyful", "subtle_smile", "serious"} <= set(expressions())
    for name, each in expressions().items():
        assert each.description.endswith("."), name
        assert not each.adjustment.is_neutral, name
        for field in fields(Adjustment):
            value = getattr(each.adjustment, field.name) or 0.0
            assert abs(value) <= limits.get(field.name, 1.3 if field.name == "smile" else 1.0), name


def test_a_control_goes_before_the_named_expressions_own() -> None:
    wish = wish_of(ExpressionAdjustment(expression="joyful", smile=0.2))

    assert wish.name == "joyful"
    assert wish.asked.smile == pytest.approx(0.2)
    assert wish.asked.brow_raise == expression("joyful").brow_raise


def test_one_eyes_own_control_goes_before_that_of_both() -> None:
    asked = wish_of(ExpressionAdjustment(eye_open=0.5, left_eye_open=-1.0)).asked

    assert (asked.left_eye_open, asked.right_eye_open) == (-1.0, 0.5)


def test_an_unknown_name_is_answered_with_near_ones() -> None:
    with pytest.raises(PresetUnknownError, match="subtle_smile"):
        wish_of(ExpressionAdjustment(expression="Subtle smile!"))


@pytest.mark.parametrize("part", [part for part in Part if part is not Part.ALL])
def test_only_controls_of_the_part_are_left(part: Part) -> None:
    region = face_pb2.Region.Value(f"REGION_{part.name}")
    given: dict[str, Any] = dict.fromkeys((field.name for field in fields(Adjustment)), 0.1)

    wish = wish_of(ExpressionAdjustment(**given, region=region))

    left = {field.name for field in fields(Adjustment) if getattr(wish.asked, field.name)}
    assert left == CONTROLS_OF[part]
    assert set(wish.left_out) == {field.name for field in fields(Adjustment)} - left


def test_all_contradictions_are_named() -> None:
    with pytest.raises(FieldOutOfRangeError) as caught:
        wish_of(ExpressionAdjustment(smile=-0.2, mouth_corner=0.4, jaw_open=1.0, facial_tension=0.8))

    assert [violation.field for violation in caught.value.violations] == [
        "adjustment.mouth_corner",
        "adjustment.jaw_open",
    ]


def test_a_goal_is_what_was_asked_in_measured_units() -> None:
    face = mean_face()

    wanted = goal(face, Adjustment(yaw_degrees=8, smile=0.5, left_eye_open=-1.0))

    assert wanted.yaw_degrees == 8
    assert wanted.smile is not None
    assert wanted.smile > face.expression.smile
    assert wanted.left_eye_open == pytest.approx(0.04)
    assert wanted.pitch_degrees is None
    assert wanted.right_eye_open is None


@pytest.mark.parametrize("name", ["smile", "jaw_open", "left_eye_open"])
def test_goals_grow_with_their_controls(name: str) -> None:
    face = mean_face()
    read = {"jaw_open": "mouth_open"}.get(name, name)

    values = [getattr(goal(face, Adjustment(**{name: amount})), read) for amount in (-0.3, 0.2, 0.5, 1.0)]

    assert values == sorted(set(values))


def test_one_eye_may_look_where_the_other_does_not() -> None:
    asked = wish_of(ExpressionAdjustment(gaze_x_degrees=5.0, right_gaze_x_degrees=0.0, left_gaze_y_degrees=3.0)).asked

    assert asked.gaze(0) == (5.0, 3.0)
    assert asked.gaze(1) == (0.0, 0.0)
    assert asked.times(0.5).gaze(0) == (2.5, 1.5)
    wanted = goal(mean_face(), asked)
    assert (wanted.left_x_degrees, wanted.right_x_degrees) == (5.0, None)
