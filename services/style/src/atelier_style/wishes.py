"""From messages to what is asked for: the one place where style's requests are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atelier.v1 import style_pb2
from atelier_imaging.grain.model import GrainModel
from atelier_imaging.portrait import Portrait
from atelier_service.sitting import picture_of

from atelier_style.grade_plan import GradeAsk
from atelier_style.grain_plan import GrainAsk
from atelier_style.match import MatchMethod
from atelier_style.tone_plan import ToneAsk

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atelier_service.call import Call

_METHODS: Final[Mapping[int, MatchMethod | None]] = {
    style_pb2.MATCH_METHOD_UNSPECIFIED: None,
    style_pb2.MATCH_METHOD_MONGE_KANTOROVICH: MatchMethod.MONGE_KANTOROVICH,
    style_pb2.MATCH_METHOD_REINHARD: MatchMethod.REINHARD,
}
_CHANNELS: Final[Mapping[int, bool | None]] = {
    style_pb2.GRAIN_CHANNELS_UNSPECIFIED: None,
    style_pb2.GRAIN_CHANNELS_LUMINANCE: False,
    style_pb2.GRAIN_CHANNELS_RGB: True,
}


def grade_of(grade: style_pb2.Grade, call: Call) -> GradeAsk:
    """Read what is asked of a grade; a reference is loaded and decoded."""
    look = grade.WhichOneof("look")
    return GradeAsk(
        preset=grade.preset if look == "preset" else None,
        lut=grade.lut if look == "lut" else None,
        reference=picture_of(grade.reference, call) if look == "reference" else None,
        method=_METHODS[grade.match_method],
        strength=grade.strength if grade.HasField("strength") else 1.0,
        protect_skin=grade.protect_skin if grade.HasField("protect_skin") else None,
        halation=grade.halation if grade.HasField("halation") else None,
        vignette=grade.vignette if grade.HasField("vignette") else None,
    )


def grain_of(grain: style_pb2.Grain, call: Call) -> GrainAsk:
    """Read what is asked of grain; a reference is loaded and decoded, a missing seed drawn from the call's id."""
    source = grain.WhichOneof("source")
    return GrainAsk(
        stock=grain.stock if source == "stock" else None,
        model=_model(grain.parameters) if source == "parameters" else None,
        reference=picture_of(grain.reference, call) if source == "reference" else None,
        strength=grain.strength if grain.HasField("strength") else 1.0,
        iso=grain.iso if grain.HasField("iso") else None,
        rgb=_CHANNELS[grain.channels],
        seed=grain.seed if grain.HasField("seed") else call.drawn_seed(),
    )


def tone_of(tone: style_pb2.SkinTone, call: Call) -> ToneAsk:
    """Read what is asked of a skin tone; a reference is loaded and decoded."""
    source = tone.WhichOneof("tone")
    reference = Portrait(picture_of(tone.reference, call), call.models) if source == "reference" else None
    return ToneAsk(
        reference=reference,
        ita_degrees=tone.ita_degrees if source == "ita_degrees" else None,
        warmth=tone.warmth if source == "warmth" else None,
        strength=tone.strength if tone.HasField("strength") else 1.0,
        match_lightness=tone.match_lightness,
    )


def _model(parameters: style_pb2.GrainParameters) -> GrainModel:
    default = GrainModel()
    has = parameters.HasField
    return GrainModel(
        radius=parameters.radius_pixels if has("radius_pixels") else default.radius,
        radius_deviation=parameters.radius_deviation if has("radius_deviation") else default.radius_deviation,
        filter_sigma=parameters.filter_pixels if has("filter_pixels") else default.filter_sigma,
    )
