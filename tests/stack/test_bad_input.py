"""Every kind of bad input, sent through the gateway: the right code and reason, and the next call works."""

from __future__ import annotations

import math
import struct
import zlib
from typing import TYPE_CHECKING

import grpc
import numpy as np
import pytest
from atelier.v1 import image_pb2, style_pb2

from tests.stack.calls import MESSAGE_LIMIT, encoded, pixels_of, png, refused
from tests.stack.turned import turned_head

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atelier.v1 import style_pb2_grpc
    from numpy.typing import NDArray

GRADE = style_pb2.Grade(preset="golden_warm")
WARMER = style_pb2.SkinTone(warmth=0.5)


@pytest.fixture(autouse=True)
def _the_next_call_works(style: style_pb2_grpc.StyleServiceStub, portrait: image_pb2.Image) -> Iterator[None]:
    yield
    answer = style.Grain(style_pb2.GrainRequest(image=portrait, grain=style_pb2.Grain(strength=0)), timeout=60)
    assert pixels_of(answer.image).shape == (512, 512, 3)


def png_of_size(width: int, height: int) -> bytes:
    """Write a PNG whose header promises a size and whose pixels are not there."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("empty", "FIELD_OUT_OF_RANGE"),
        ("text", "UNSUPPORTED_FORMAT"),
        ("truncated jpeg", "IMAGE_TRUNCATED"),
        ("truncated png", "IMAGE_TRUNCATED"),
        ("corrupt png", "IMAGE_UNDECODABLE"),
        ("decompression bomb", "IMAGE_TOO_LARGE"),
        ("0 x 0", "IMAGE_UNDECODABLE"),
        ("20000 wide", "IMAGE_TOO_LARGE"),
    ],
)
def test_a_bad_file_is_refused_with_its_reason(
    style: style_pb2_grpc.StyleServiceStub, astronaut: NDArray[np.uint8], name: str, reason: str
) -> None:
    whole_jpeg, whole_png = encoded(astronaut, "JPEG"), encoded(astronaut)
    content = {
        "empty": b"",
        "text": b"not a picture at all, but long enough to be one",
        "truncated jpeg": whole_jpeg[: len(whole_jpeg) // 2],
        "truncated png": whole_png[: len(whole_png) // 2],
        "corrupt png": whole_png[:2000] + bytes(2000) + whole_png[4000:],
        "decompression bomb": png_of_size(15000, 15000),
        "0 x 0": png_of_size(0, 0),
        "20000 wide": encoded(np.zeros((4, 20000, 3), np.uint8)),
    }[name]
    refusal = refused(style.Grade, style_pb2.GradeRequest(image=image_pb2.Image(content=content), grade=GRADE))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, reason)


def test_a_missing_image_is_named(style: style_pb2_grpc.StyleServiceStub) -> None:
    refusal = refused(style.Grade, style_pb2.GradeRequest(grade=GRADE))
    assert (refusal.reason, refusal.fields) == ("FIELD_OUT_OF_RANGE", ["image"])


def test_a_mislabelled_file_is_read_by_its_bytes(
    style: style_pb2_grpc.StyleServiceStub, astronaut: NDArray[np.uint8]
) -> None:
    """No extension and no media type is believed: a JPEG is a JPEG."""
    content = encoded(astronaut, "JPEG", quality=95)
    answer = style.Grade(style_pb2.GradeRequest(image=image_pb2.Image(content=content), grade=GRADE), timeout=60)
    assert (answer.report.input.format, answer.image.content[:2]) == ("jpeg", b"\xff\xd8")


def test_a_single_pixel_is_a_picture(style: style_pb2_grpc.StyleServiceStub) -> None:
    pixel = np.full((1, 1, 3), 128, np.uint8)
    answer = style.Grade(style_pb2.GradeRequest(image=png(pixel), grade=GRADE), timeout=60)
    assert pixels_of(answer.image).shape == (1, 1, 3)


def test_every_field_that_breaks_its_range_is_named_at_once(
    style: style_pb2_grpc.StyleServiceStub, portrait: image_pb2.Image
) -> None:
    refusal = refused(
        style.Apply,
        style_pb2.ApplyRequest(
            image=portrait,
            request_id="not a uuid",
            grade=style_pb2.Grade(preset="golden_warm", strength=1.5, vignette=-1),
            grain=style_pb2.Grain(stock="tri_x_400", strength=math.nan, iso=1),
            output=image_pb2.OutputOptions(quality=101, bit_depth=12),
        ),
    )
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "FIELD_OUT_OF_RANGE")
    assert {
        "request_id",
        "grade.strength",
        "grade.vignette",
        "grain.strength",
        "grain.iso",
        "output.quality",
        "output.bit_depth",
    } == set(refusal.fields)


def test_an_unknown_preset_is_refused_with_the_nearest_names(
    style: style_pb2_grpc.StyleServiceStub, portrait: image_pb2.Image
) -> None:
    refusal = refused(style.Grade, style_pb2.GradeRequest(image=portrait, grade=style_pb2.Grade(preset="golden_worm")))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "PRESET_UNKNOWN")
    assert "golden_warm" in refusal.message


def test_a_malformed_cube_is_refused_with_its_line(
    style: style_pb2_grpc.StyleServiceStub, portrait: image_pb2.Image
) -> None:
    cube = b"LUT_3D_SIZE 2\n0 0 0\n1 0 zero\n"
    refusal = refused(style.Grade, style_pb2.GradeRequest(image=portrait, grade=style_pb2.Grade(lut=cube)))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "LUT_MALFORMED")
    assert refusal.info.metadata["line"] == "3"


def test_a_picture_without_a_face_cannot_have_its_skin_toned(style: style_pb2_grpc.StyleServiceStub) -> None:
    wall = np.tile(np.linspace(60, 180, 512, dtype=np.uint8)[:, None, None], (1, 512, 3))
    refusal = refused(style.SkinTone, style_pb2.SkinToneRequest(image=png(wall), skin_tone=WARMER))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "NO_FACE")


def test_a_picture_without_a_face_can_be_graded(style: style_pb2_grpc.StyleServiceStub) -> None:
    wall = np.full((256, 256, 3), 120, np.uint8)
    answer = style.Grade(style_pb2.GradeRequest(image=png(wall), grade=GRADE), timeout=60)
    assert len(answer.report.faces) == 0


def test_of_three_faces_the_largest_is_selected_and_all_are_reported(
    style: style_pb2_grpc.StyleServiceStub, astronaut: NDArray[np.uint8]
) -> None:
    large = astronaut[0:300, 60:380]
    small = np.asarray(large[::2, ::2])
    group = np.full((300, 640, 3), 90, np.uint8)
    group[:, 160:480] = large
    group[80:230, 0:160] = small
    group[80:230, 480:640] = small
    answer = style.SkinTone(style_pb2.SkinToneRequest(image=png(group), skin_tone=WARMER), timeout=60)
    assert [face.selected for face in answer.report.faces] == [True, False, False]
    changed = np.abs(pixels_of(answer.image).astype(int) - group).sum(axis=2) > 0
    assert changed[:, 160:480].any()
    assert not changed[:, :100].any()


def test_a_face_of_twenty_pixels_is_refused_with_what_was_measured(
    style: style_pb2_grpc.StyleServiceStub, astronaut: NDArray[np.uint8]
) -> None:
    from PIL import Image

    head = Image.fromarray(astronaut[0:256, 100:356]).resize((52, 52), Image.Resampling.LANCZOS)
    frame = np.full((128, 128, 3), 110, np.uint8)
    frame[20:72, 40:92] = np.asarray(head)
    refusal = refused(style.SkinTone, style_pb2.SkinToneRequest(image=png(frame), skin_tone=WARMER))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "FACE_TOO_SMALL")
    assert float(refusal.info.metadata["measured"]) < float(refusal.info.metadata["limit"])


def test_a_message_above_the_limit_is_refused(style: style_pb2_grpc.StyleServiceStub) -> None:
    request = style_pb2.GradeRequest(image=image_pb2.Image(content=bytes(MESSAGE_LIMIT // 2)), grade=GRADE)
    refusal = refused(style.Grade, request)
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE")


def test_an_inline_picture_above_four_mebibytes_is_sent_to_the_artifacts(
    style: style_pb2_grpc.StyleServiceStub,
) -> None:
    request = style_pb2.GradeRequest(image=image_pb2.Image(content=bytes(5 * 1024 * 1024)), grade=GRADE)
    refusal = refused(style.Grade, request)
    assert (refusal.reason, refusal.fields) == ("FIELD_OUT_OF_RANGE", ["image.content"])


def test_a_capability_that_is_not_installed_is_said_to_be_unknown(channel: grpc.Channel) -> None:
    call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary("/example.v1.LensService/Blur")
    refusal = refused(call, b"")
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNIMPLEMENTED, "CAPABILITY_UNKNOWN")
    assert "style" in refusal.info.metadata["known"]


def test_an_artifact_that_was_never_stored_is_not_found(style: style_pb2_grpc.StyleServiceStub) -> None:
    image = image_pb2.Image(artifact="sha256:" + "0" * 64)
    refusal = refused(style.Grade, style_pb2.GradeRequest(image=image, grade=GRADE))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "ARTIFACT_EXPIRED")


def test_a_host_that_nobody_allowed_is_not_fetched_from(style: style_pb2_grpc.StyleServiceStub) -> None:
    image = image_pb2.Image(uri="https://169.254.169.254/latest/meta-data")
    refusal = refused(style.Grade, style_pb2.GradeRequest(image=image, grade=GRADE))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.PERMISSION_DENIED, "URI_NOT_ALLOWED")


def test_a_profile_is_refused_with_the_limit_and_the_measured_angle(
    style: style_pb2_grpc.StyleServiceStub, astronaut: NDArray[np.uint8], portrait: image_pb2.Image
) -> None:
    seen = style.Grade(style_pb2.GradeRequest(image=portrait, grade=GRADE, include_mesh=True), timeout=60)
    mesh = np.array(seen.report.faces[0].mesh, np.float32).reshape(-1, 3)[:468]
    profile = png(turned_head(astronaut, mesh, -70))
    refusal = refused(style.SkinTone, style_pb2.SkinToneRequest(image=profile, skin_tone=WARMER))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "POSE_TOO_EXTREME")
    assert abs(float(refusal.info.metadata["measured"])) > float(refusal.info.metadata["limit"])
