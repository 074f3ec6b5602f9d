"""Imaging's values as messages."""

from __future__ import annotations

import numpy as np
import pytest
from atelier.v1 import face_pb2, image_pb2, report_pb2
from atelier_imaging.color import ColorSpace
from atelier_imaging.encode import EncodeOptions
from atelier_imaging.face import Box, Expression, Face, Gaze, HeadPose
from atelier_imaging.formats import ImageFormat
from atelier_imaging.measures import Gate, Verdict, judged, not_measurable
from atelier_imaging.picture import ImageInfo
from atelier_imaging.region import Region
from atelier_service import wire

MESH = np.arange(478 * 3, dtype=np.float32).reshape(478, 3)
FACE = Face(
    index=1,
    box=Box(1, 2, 3, 4),
    confidence=0.75,
    mesh=MESH,
    pose=HeadPose(5, -10, 15),
    left_gaze=Gaze(2, 4),
    right_gaze=Gaze(4, 8),
    expression=Expression(0.25, 0.5, 0.125, -0.5),
    interocular_pixels=64,
)


def test_a_face_keeps_every_value() -> None:
    said = wire.face(FACE, selected=True, ita_degrees=30.5)
    assert (said.index, said.selected, said.confidence, said.interocular_pixels) == (1, True, 0.75, 64)
    assert (said.box.left, said.box.top, said.box.width, said.box.height) == (1, 2, 3, 4)
    assert (said.pose.pitch_degrees, said.pose.yaw_degrees, said.pose.roll_degrees) == (5, -10, 15)
    assert (said.gaze.x_degrees, said.gaze.y_degrees) == (3, 6)
    assert (said.expression.left_eye_open, said.expression.right_eye_open) == (0.25, 0.5)
    assert (said.expression.mouth_open, said.expression.smile, said.skin_ita_degrees) == (0.125, -0.5, 30.5)


def test_a_mesh_is_said_only_where_it_is_asked_for() -> None:
    assert len(wire.face(FACE).mesh) == 0
    assert list(wire.face(FACE, include_mesh=True).mesh) == MESH.ravel().tolist()


def test_a_skin_tone_that_was_not_measured_is_absent() -> None:
    assert not wire.face(FACE).HasField("skin_ita_degrees")


def test_a_measure_keeps_value_threshold_and_place() -> None:
    gate = Gate(maximum=2.0, fail_above=3.0)
    said = wire.measure(judged("skin_delta_e", 2.5, "delta_e_2000", gate, "Some.", Region.SKIN, Box(1, 2, 3, 4)))
    assert (said.name, said.value, said.unit, said.explanation) == ("skin_delta_e", 2.5, "delta_e_2000", "Some.")
    assert (said.threshold.maximum, said.threshold.HasField("minimum")) == (2.0, False)
    assert (said.verdict, said.region, said.box.width) == (report_pb2.VERDICT_WARN, face_pb2.REGION_SKIN, 3)


def test_a_measure_that_could_not_be_taken_has_no_value() -> None:
    said = wire.measure(not_measurable("seam", "ratio", None, "There is no edge."))
    assert (said.HasField("value"), said.HasField("threshold"), said.HasField("box")) == (False, False, False)
    assert (said.verdict, said.explanation) == (report_pb2.VERDICT_NOT_MEASURABLE, "There is no edge.")


def test_verdicts_and_regions_have_the_names_of_the_messages() -> None:
    assert {f"VERDICT_{verdict.name}" for verdict in Verdict} == set(report_pb2.Verdict.keys())
    assert {region.value for region in Region} == set(face_pb2.Region.keys()) - {"REGION_UNSPECIFIED"}


def test_what_is_known_of_a_picture_is_said() -> None:
    said = wire.image_info(ImageInfo(640, 480, ImageFormat.JPEG, 8, "sRGB", False, 1000, "ab"))
    expected = image_pb2.ImageInfo(
        width=640, height=480, format="jpeg", bit_depth=8, color_profile="sRGB", size_bytes=1000, sha256="ab"
    )
    assert said == expected


def test_options_that_are_left_out_are_as_the_input_was() -> None:
    assert wire.encode_options(image_pb2.OutputOptions()) == EncodeOptions()


def test_options_are_passed_on() -> None:
    wanted = image_pb2.OutputOptions(
        format=image_pb2.IMAGE_FORMAT_TIFF,
        quality=80,
        bit_depth=16,
        color_profile=image_pb2.COLOR_PROFILE_DISPLAY_P3,
        strip_metadata=True,
    )
    assert wire.encode_options(wanted) == EncodeOptions(ImageFormat.TIFF, 80, 16, ColorSpace.DISPLAY_P3, True)


@pytest.mark.parametrize("format_name", image_pb2.ImageFormat.keys())
def test_every_format_of_the_api_is_known(format_name: str) -> None:
    known = wire.encode_options(image_pb2.OutputOptions(format=image_pb2.ImageFormat.Value(format_name))).format
    assert known is None or format_name.endswith(known.name)


def test_a_face_is_selected_by_index_by_point_or_not_at_all() -> None:
    assert wire.selection(face_pb2.FaceSelector(index=2)) == (2, None)
    assert wire.selection(face_pb2.FaceSelector(at=face_pb2.Point(x=3, y=4))) == (None, (3.0, 4.0))
    assert wire.selection(face_pb2.FaceSelector()) == (None, None)
