"""What a caller asks of light and facial detail, as values, and their messages on the wire."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from atelier.v1 import edit_pb2, light_pb2

from atelier_client.parameters import given, value_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atelier.v1 import image_pb2

    from atelier_client.pictures import PictureSource

SideName: TypeAlias = Literal["left", "right"]
ModeName: TypeAlias = Literal["faithful", "flexible"]

_SIDES: Mapping[str, int] = {"left": light_pb2.LIGHT_SIDE_LEFT, "right": light_pb2.LIGHT_SIDE_RIGHT}
_MODES: Mapping[str, int] = {
    "faithful": edit_pb2.ENHANCEMENT_MODE_FAITHFUL,
    "flexible": edit_pb2.ENHANCEMENT_MODE_FLEXIBLE,
}


@dataclass(frozen=True, slots=True)
class Lamp:
    """One lamp, by where it stands as seen from the subject's head; what is left out is the default of its place.

    `azimuth_degrees` is 0 at the lens, 90 at the subject's left, -90 at the right, 180 behind; `elevation_degrees` is
    above the eyes; `intensity` is 0..4 in linear light; `softness` is 0 (a point) to 1 (a dome); `kelvin` 1500..15000.
    """

    azimuth_degrees: float | None = None
    elevation_degrees: float | None = None
    intensity: float | None = None
    softness: float | None = None
    kelvin: float | None = None

    def message(self) -> light_pb2.Lamp:
        """Make the message."""
        return light_pb2.Lamp(**given(**asdict(self)))


@dataclass(frozen=True, slots=True)
class LightRig:
    """Lamps of one's own: a key, and whatever opens its shadows and stands behind.

    `ambient` is 0..2, in the unit of `Lamp.intensity`; `ratio` is that of the lit side to the shadow side, 1..16.
    """

    key: Lamp = Lamp()
    fill: Lamp | None = None
    rim: Lamp | None = None
    ambient: float | None = None
    ratio: float | None = None

    def message(self) -> light_pb2.LightRig:
        """Make the message."""
        return light_pb2.LightRig(
            key=self.key.message(),
            fill=self.fill.message() if self.fill is not None else None,
            rim=self.rim.message() if self.rim is not None else None,
            ambient=self.ambient,
            ratio=self.ratio,
        )


@dataclass(frozen=True, slots=True)
class Relighting:
    """A light: one of a pattern's name, a rig, or a portrait that is lit as this one should be; or a mood's name.

    `side` is the subject's own. `ratio` is 1..16, `softness`, `strength`, `preserve_detail`, `preserve_color` and
    `background_falloff` 0..1, `kelvin` 1500..15000, `background_warmth` -1..1; left out, each is the light's own.
    `finish` is how skin mirrors the light: `matte`, `natural` or `dewy`.
    """

    pattern: str = ""
    rig: LightRig | None = None
    match: PictureSource | None = None
    mood: str = ""
    side: SideName | None = None
    ratio: float | None = None
    softness: float | None = None
    kelvin: float | None = None
    strength: float | None = None
    preserve_detail: float | None = None
    preserve_color: float | None = None
    finish: str = ""
    background_falloff: float | None = None
    background_warmth: float | None = None

    def message(self, match: image_pb2.Image | None) -> edit_pb2.Relighting:
        """Make the message, of a reference already placed.

        Errors: ValueError where two sources of light are given.
        """
        sources = [name for name in ("pattern", "rig", "match") if getattr(self, name)]
        if len(sources) > 1:
            raise ValueError(f"{' and '.join(sources)} exclude each other: give one of them")
        return edit_pb2.Relighting(
            **given(
                pattern=self.pattern or None,
                rig=self.rig.message() if self.rig is not None else None,
                reference=match,
                mood=self.mood or None,
                side=value_of(_SIDES, self.side, "side"),
                ratio=self.ratio,
                softness=self.softness,
                kelvin=self.kelvin,
                strength=self.strength,
                preserve_detail=self.preserve_detail,
                preserve_color=self.preserve_color,
                finish=self.finish or None,
                background_falloff=self.background_falloff,
                background_warmth=self.background_warmth,
            )
        )


@dataclass(frozen=True, slots=True)
class Enhancement:
    """Facial detail: every control 0 (as it is) to 100 (as much as still looks real); left out, the service's default.

    The defaults are `skin_detail` 80, `smart_grain` 2, all others 0.
    """

    skin_detail: float | None = None
    eyes: float | None = None
    lips: float | None = None
    hair: float | None = None
    shadow_transition: float | None = None
    sharpen: float | None = None
    smart_grain: float | None = None
    blemish: float | None = None
    even_skin: float | None = None
    mode: ModeName | None = None

    def message(self) -> edit_pb2.Enhancement:
        """Make the message."""
        controls = {name: value for name, value in asdict(self).items() if name != "mode"}
        return edit_pb2.Enhancement(**given(mode=value_of(_MODES, self.mode, "mode"), **controls))
