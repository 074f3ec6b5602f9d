"""Imaging's values as messages: the one place where the two meet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atelier.v1 import face_pb2, image_pb2, report_pb2
from atelier_imaging.color import ColorSpace
from atelier_imaging.encode import EncodeOptions
from atelier_imaging.formats import ImageFormat

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atelier_imaging.face import Box, Face
    from atelier_imaging.measures import Measure
    from atelier_imaging.picture import ImageInfo

    from atelier_service.models.backend import InstalledModel


def image_info(info: ImageInfo) -> image_pb2.ImageInfo:
    """Return what is known of an encoded picture as a message."""
    return image_pb2.ImageInfo(
        width=info.width,
        height=info.height,
        format=info.format.value,
        bit_depth=info.bit_depth,
        color_profile=info.color_profile,
        has_alpha=info.has_alpha,
        size_bytes=info.size_bytes,
        sha256=info.sha256,
    )


def box(rectangle: Box) -> face_pb2.Box:
    """Return a rectangle as a message."""
    return face_pb2.Box(left=rectangle.left, top=rectangle.top, width=rectangle.width, height=rectangle.height)


def face(
    found: Face, *, selected: bool = False, include_mesh: bool = False, ita_degrees: float | None = None
) -> face_pb2.Face:
    """Return a face as a message; `ita_degrees` is None where its skin is covered or the picture has no colour."""
    return face_pb2.Face(
        index=found.index,
        selected=selected,
        box=box(found.box),
        confidence=found.confidence,
        interocular_pixels=found.interocular_pixels,
        pose=face_pb2.HeadPose(
            pitch_degrees=found.pose.pitch_degrees,
            yaw_degrees=found.pose.yaw_degrees,
            roll_degrees=found.pose.roll_degrees,
        ),
        gaze=face_pb2.Gaze(x_degrees=found.gaze.x_degrees, y_degrees=found.gaze.y_degrees),
        expression=face_pb2.ExpressionRatios(
            left_eye_open=found.expression.left_eye_open,
            right_eye_open=found.expression.right_eye_open,
            mouth_open=found.expression.mouth_open,
            smile=found.expression.smile,
        ),
        skin_ita_degrees=ita_degrees,
        mesh=found.mesh.ravel().tolist() if include_mesh else None,
    )


def measure(taken: Measure) -> report_pb2.Measure:
    """Return a measure as a message."""
    bounded = taken.minimum is not None or taken.maximum is not None
    return report_pb2.Measure(
        name=taken.name,
        value=taken.value,
        unit=taken.unit,
        threshold=report_pb2.Threshold(minimum=taken.minimum, maximum=taken.maximum) if bounded else None,
        verdict=report_pb2.Verdict.Value(f"VERDICT_{taken.verdict.name}"),
        region=face_pb2.Region.Value(taken.region.value) if taken.region else face_pb2.REGION_UNSPECIFIED,
        box=box(taken.box) if taken.box else None,
        explanation=taken.explanation,
    )


def model_use(model: InstalledModel) -> report_pb2.ModelUse:
    """Return a model that took part as a message."""
    return report_pb2.ModelUse(name=model.name, version=model.version, sha256=model.sha256, executor=model.executor)


def selection(selector: face_pb2.FaceSelector) -> tuple[int | None, tuple[float, float] | None]:
    """Return which face is meant: its index, or a pixel inside it, or neither (the largest)."""
    if selector.HasField("index"):
        return selector.index, None
    if selector.HasField("at"):
        return None, (selector.at.x, selector.at.y)
    return None, None


def encode_options(wanted: image_pb2.OutputOptions) -> EncodeOptions:
    """Return how a result is to be written."""
    return EncodeOptions(
        format=_FORMATS[wanted.format],
        quality=wanted.quality if wanted.HasField("quality") else EncodeOptions().quality,
        bit_depth=wanted.bit_depth if wanted.HasField("bit_depth") else None,
        space=_SPACES[wanted.color_profile],
        strip_metadata=wanted.strip_metadata,
    )


_FORMATS: Final[Mapping[int, ImageFormat | None]] = {
    image_pb2.IMAGE_FORMAT_UNSPECIFIED: None,
    image_pb2.IMAGE_FORMAT_PNG: ImageFormat.PNG,
    image_pb2.IMAGE_FORMAT_JPEG: ImageFormat.JPEG,
    image_pb2.IMAGE_FORMAT_WEBP: ImageFormat.WEBP,
    image_pb2.IMAGE_FORMAT_AVIF: ImageFormat.AVIF,
    image_pb2.IMAGE_FORMAT_TIFF: ImageFormat.TIFF,
}
_SPACES: Final[Mapping[int, ColorSpace | None]] = {
    image_pb2.COLOR_PROFILE_UNSPECIFIED: None,
    image_pb2.COLOR_PROFILE_SRGB: ColorSpace.SRGB,
    image_pb2.COLOR_PROFILE_DISPLAY_P3: ColorSpace.DISPLAY_P3,
}
