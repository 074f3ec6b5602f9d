"""From messages to what is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest
from atelier.v1 import edit_pb2, light_pb2
from atelier_edit.enhance.plan import EnhanceAsk
from atelier_edit.light.rig import FILL, KEY, RIM, Lamp, Rig
from atelier_edit.relight_ask import RelightAsk, Side
from atelier_edit.wishes import enhancement_of, relighting_of

if TYPE_CHECKING:
    from atelier_service.call import Call

# Nothing that is read here needs a call: only references are loaded.
NO_CALL = cast("Call", None)


def test_what_is_left_out_of_an_enhancement_is_the_default_that_the_api_promises() -> None:
    assert enhancement_of(edit_pb2.Enhancement()) == EnhanceAsk(skin_detail=80.0, smart_grain=2.0)


def test_a_zero_is_a_wish() -> None:
    assert enhancement_of(edit_pb2.Enhancement(skin_detail=0, smart_grain=0)).is_neutral


def test_every_control_arrives_under_its_name() -> None:
    values = {name: 10.0 + index for index, name in enumerate(EnhanceAsk().controls)}
    message = edit_pb2.Enhancement(mode=edit_pb2.ENHANCEMENT_MODE_FLEXIBLE)
    for name, value in values.items():
        setattr(message, name, value)
    ask = enhancement_of(message)
    assert ask.controls == values
    assert ask.flexible


def test_the_asks_controls_are_those_of_the_message() -> None:
    fields = {field.name for field in edit_pb2.Enhancement.DESCRIPTOR.fields}
    assert fields == {*EnhanceAsk().controls, "mode"}


def test_an_empty_light_asks_for_nothing() -> None:
    ask = relighting_of(edit_pb2.Relighting(), NO_CALL)
    assert ask.is_neutral
    assert ask.strength == 1.0


def test_a_lamp_has_the_defaults_of_its_place() -> None:
    rig = light_pb2.LightRig(fill=light_pb2.Lamp(), rim=light_pb2.Lamp(azimuth_degrees=-120))
    ask = relighting_of(edit_pb2.Relighting(rig=rig), NO_CALL)
    assert ask.rig == Rig(key=KEY, fill=FILL, rim=Lamp(-120.0, RIM.elevation_degrees, RIM.intensity, RIM.softness))


def test_a_rig_without_a_fill_has_none() -> None:
    ask = relighting_of(edit_pb2.Relighting(rig=light_pb2.LightRig(ambient=0.3, ratio=3)), NO_CALL)
    assert ask.rig is not None
    assert (ask.rig.fill, ask.rig.rim, ask.rig.ratio) == (None, None, 3.0)
    assert ask.rig.ambient == pytest.approx(0.3)


def test_every_figure_of_a_light_arrives() -> None:
    message = edit_pb2.Relighting(
        pattern="loop", mood="studio", side=light_pb2.LIGHT_SIDE_RIGHT, ratio=3, softness=0, kelvin=4800, strength=0,
        preserve_detail=0.5, preserve_color=1, finish="dewy", background_falloff=0, background_warmth=-0.5,
    )  # fmt: skip
    expected = {
        "pattern": "loop", "mood": "studio", "side": Side.RIGHT, "ratio": 3.0, "softness": 0.0, "kelvin": 4800.0,
        "strength": 0.0, "preserve_detail": 0.5, "preserve_color": 1.0, "finish": "dewy", "background_falloff": 0.0,
        "background_warmth": -0.5,
    }  # fmt: skip
    ask = relighting_of(message, NO_CALL)
    assert {name: getattr(ask, name) for name in expected} == expected


def test_what_is_left_out_of_a_light_is_the_lights_own() -> None:
    ask = relighting_of(edit_pb2.Relighting(pattern="loop"), NO_CALL)
    default = RelightAsk(pattern="loop")
    for name in ("mood", "side", "ratio", "softness", "kelvin", "finish", "background_falloff", "background_warmth"):
        assert getattr(ask, name) is getattr(default, name) is None
    assert (ask.preserve_detail, ask.preserve_color) == (default.preserve_detail, default.preserve_color)
