"""From messages to what is asked for: the one place where edit's requests are read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from atelier.v1 import edit_pb2, light_pb2
from atelier_imaging.portrait import Portrait
from atelier_service.sitting import picture_of

from atelier_edit.enhance.plan import EnhanceAsk
from atelier_edit.light.rig import FILL, KEY, RIM, Lamp, Rig
from atelier_edit.limits import editable_face
from atelier_edit.relight_ask import RelightAsk, Side

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atelier_service.call import Call
    from google.protobuf.message import Message

_SIDES: Final[Mapping[int, Side | None]] = {
    light_pb2.LIGHT_SIDE_UNSPECIFIED: None,
    light_pb2.LIGHT_SIDE_LEFT: Side.LEFT,
    light_pb2.LIGHT_SIDE_RIGHT: Side.RIGHT,
}
_LAMP_FIELDS: Final = ("azimuth_degrees", "elevation_degrees", "intensity", "softness", "kelvin")


def enhancement_of(enhancement: edit_pb2.Enhancement) -> EnhanceAsk:
    """Read what is asked of an enhancement; what is left out is the default."""
    given = {name: value for name in EnhanceAsk().controls if (value := _given(enhancement, name)) is not None}
    return EnhanceAsk(**given, flexible=enhancement.mode == edit_pb2.ENHANCEMENT_MODE_FLEXIBLE)


def relighting_of(relighting: edit_pb2.Relighting, call: Call) -> RelightAsk:
    """Read what is asked of a light; a reference is loaded, decoded and looked at.

    Raises what `picture_of` and `editable_face` raise, with `relighting.reference` as the field.
    """
    light = relighting.WhichOneof("light")
    reference = Portrait(picture_of(relighting.reference, call), call.models) if light == "reference" else None
    return RelightAsk(
        pattern=relighting.pattern if light == "pattern" else None,
        rig=_rig(relighting.rig) if light == "rig" else None,
        reference=reference,
        reference_face=editable_face(reference, field="relighting.reference") if reference is not None else None,
        mood=relighting.mood or None,
        side=_SIDES[relighting.side],
        ratio=_given(relighting, "ratio"),
        softness=_given(relighting, "softness"),
        kelvin=_given(relighting, "kelvin"),
        strength=relighting.strength if relighting.HasField("strength") else 1.0,
        preserve_detail=relighting.preserve_detail if relighting.HasField("preserve_detail") else 1.0,
        preserve_color=relighting.preserve_color,
        finish=relighting.finish or None,
        background_falloff=_given(relighting, "background_falloff"),
        background_warmth=_given(relighting, "background_warmth"),
    )


def _rig(rig: light_pb2.LightRig) -> Rig:
    """Read lamps of one's own, each with the defaults of its place."""
    return Rig(
        key=_lamp(rig.key, KEY),
        fill=_lamp(rig.fill, FILL) if rig.HasField("fill") else None,
        rim=_lamp(rig.rim, RIM) if rig.HasField("rim") else None,
        ambient=rig.ambient if rig.HasField("ambient") else Rig(KEY).ambient,
        ratio=_given(rig, "ratio"),
    )


def _lamp(lamp: light_pb2.Lamp, default: Lamp) -> Lamp:
    given = {name: value for name in _LAMP_FIELDS if (value := _given(lamp, name)) is not None}
    return replace(default, **given)


def _given(message: Message, name: str) -> float | None:
    """Return an optional number of a message, None where it was left out."""
    return float(getattr(message, name)) if message.HasField(name) else None
