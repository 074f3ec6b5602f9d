"""What a caller asks for, as values, and their messages on the wire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from atelier.v1 import face_pb2, image_pb2, style_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    from atelier_client.pictures import PictureSource

FormatName: TypeAlias = Literal["png", "jpeg", "webp", "avif", "tiff"]
ProfileName: TypeAlias = Literal["srgb", "display-p3"]
MatchName: TypeAlias = Literal["monge-kantorovich", "reinhard"]
ChannelsName: TypeAlias = Literal["luminance", "rgb"]

_FORMATS: dict[str, image_pb2.ImageFormat.ValueType] = {
    "png": image_pb2.IMAGE_FORMAT_PNG,
    "jpeg": image_pb2.IMAGE_FORMAT_JPEG,
    "webp": image_pb2.IMAGE_FORMAT_WEBP,
    "avif": image_pb2.IMAGE_FORMAT_AVIF,
    "tiff": image_pb2.IMAGE_FORMAT_TIFF,
}
_PROFILES: dict[str, image_pb2.ColorProfile.ValueType] = {
    "srgb": image_pb2.COLOR_PROFILE_SRGB,
    "display-p3": image_pb2.COLOR_PROFILE_DISPLAY_P3,
}
_METHODS: dict[str, style_pb2.MatchMethod.ValueType] = {
    "monge-kantorovich": style_pb2.MATCH_METHOD_MONGE_KANTOROVICH,
    "reinhard": style_pb2.MATCH_METHOD_REINHARD,
}
_CHANNELS: dict[str, style_pb2.GrainChannels.ValueType] = {
    "luminance": style_pb2.GRAIN_CHANNELS_LUMINANCE,
    "rgb": style_pb2.GRAIN_CHANNELS_RGB,
}


@dataclass(frozen=True, slots=True)
class Grade:
    """A colour grade: one of a preset's name, a `.cube` file (path, or its text as bytes), or a picture to match.

    `strength`, `protect_skin`, `halation` and `vignette` are 0..1; left out, each is the service's or the preset's own.
    `export_lut` asks for the grade as a `.cube` file.
    """

    preset: str = ""
    lut: str | PathLike[str] | bytes | None = None
    match: PictureSource | None = None
    method: MatchName | None = None
    strength: float | None = None
    protect_skin: float | None = None
    halation: float | None = None
    vignette: float | None = None
    export_lut: bool = False

    def message(self, lut: bytes | None, match: image_pb2.Image | None) -> style_pb2.Grade:
        """Make the message, of a LUT already read and a reference already placed."""
        return style_pb2.Grade(
            **given(
                preset=self.preset or None,
                lut=lut,
                reference=match,
                match_method=value_of(_METHODS, self.method, "method"),
                strength=self.strength,
                protect_skin=self.protect_skin,
                halation=self.halation,
                vignette=self.vignette,
                export_lut=self.export_lut,
            )
        )


@dataclass(frozen=True, slots=True)
class Grain:
    """Film grain: one of a stock's name, physical parameters, or a photograph to estimate it from.

    `radius_pixels` (0.05..0.30) and `filter_pixels` (0.3..3) are in pixels of a picture whose long edge is 1024,
    `radius_deviation` (0..1) is over the mean radius; `strength` is 0..2, `iso` 25..6400. The same `seed` gives the
    same grain.
    """

    stock: str = ""
    match: PictureSource | None = None
    radius_pixels: float | None = None
    radius_deviation: float | None = None
    filter_pixels: float | None = None
    strength: float | None = None
    iso: float | None = None
    channels: ChannelsName | None = None
    seed: int | None = None

    def message(self, match: image_pb2.Image | None) -> style_pb2.Grain:
        """Make the message, of a reference already placed."""
        return style_pb2.Grain(
            **given(
                stock=self.stock or None,
                parameters=self._parameters(),
                reference=match,
                strength=self.strength,
                iso=self.iso,
                channels=value_of(_CHANNELS, self.channels, "channels"),
                seed=self.seed,
            )
        )

    def _parameters(self) -> style_pb2.GrainParameters | None:
        if self.radius_pixels is self.radius_deviation is self.filter_pixels is None:
            return None
        return style_pb2.GrainParameters(
            radius_pixels=self.radius_pixels,
            radius_deviation=self.radius_deviation,
            filter_pixels=self.filter_pixels,
        )


@dataclass(frozen=True, slots=True)
class SkinTone:
    """A tone for skin: one of a portrait to take it from, a typology angle (-60..75 degrees), or a warmth (-1..1).

    `strength` is 0..1. Without `match_lightness` no skin becomes lighter or darker after a reference.
    """

    match: PictureSource | None = None
    ita_degrees: float | None = None
    warmth: float | None = None
    strength: float | None = None
    match_lightness: bool = False

    def message(self, match: image_pb2.Image | None) -> style_pb2.SkinTone:
        """Make the message, of a reference already placed."""
        return style_pb2.SkinTone(
            **given(
                reference=match,
                ita_degrees=self.ita_degrees,
                warmth=self.warmth,
                strength=self.strength,
                match_lightness=self.match_lightness,
            )
        )


@dataclass(frozen=True, slots=True)
class Output:
    """How a result is written; left out, as its input was. `quality` is 1..100, `bit_depth` 8 or 16."""

    format: FormatName | None = None
    quality: int | None = None
    bit_depth: Literal[8, 16] | None = None
    profile: ProfileName | None = None
    strip_metadata: bool = False

    def message(self) -> image_pb2.OutputOptions:
        """Make the message."""
        return image_pb2.OutputOptions(
            **given(
                format=value_of(_FORMATS, self.format, "format"),
                quality=self.quality,
                bit_depth=self.bit_depth,
                color_profile=value_of(_PROFILES, self.profile, "profile"),
                strip_metadata=self.strip_metadata,
            )
        )


FaceChoice: TypeAlias = "int | tuple[float, float]"


def face_selector(face: FaceChoice | None) -> face_pb2.FaceSelector | None:
    """Make the message of a face: its index, the largest first (0), or a pixel (x, y) inside it."""
    if face is None:
        return None
    if isinstance(face, int):
        return face_pb2.FaceSelector(index=face)
    return face_pb2.FaceSelector(at=face_pb2.Point(x=face[0], y=face[1]))


def value_of(values: Mapping[str, int], name: str | None, parameter: str) -> int | None:
    """Look up the value of a name; None for None. Errors: ValueError that lists the names."""
    if name is None:
        return None
    if name not in values:
        raise ValueError(f"{parameter} is one of {', '.join(values)}, not {name!r}")
    return values[name]


def given(**fields: Any) -> dict[str, Any]:
    """Leave out what was not given. Any: the stubs of messages take no None where the messages themselves do."""
    return {name: value for name, value in fields.items() if value is not None}
