"""Files that state their colours as code points are read so."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pillow_heif
import pytest
from atelier_imaging.cicp import CodePoints
from atelier_imaging.color import ColorSpace
from atelier_imaging.decode import decode
from atelier_imaging.encode import encode
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Written = Callable[..., bytes]


def with_code_points(png: bytes, *points: int) -> bytes:
    """Return a PNG with a cICP chunk after its header."""
    content = b"cICP" + bytes(points)
    return png[:33] + struct.pack(">I", 4) + content + struct.pack(">I", zlib.crc32(content)) + png[33:]


def test_a_png_in_display_p3(astronaut: NDArray[np.uint8], written: Written) -> None:
    picture = decode(with_code_points(written(astronaut, "PNG"), 12, 13, 0, 1))
    assert (picture.space, picture.source.profile_description) == (ColorSpace.DISPLAY_P3, "Display P3")
    assert np.array_equal(picture.pixels, astronaut)
    assert decode(encode(picture).data).space is ColorSpace.DISPLAY_P3


def test_a_heif_in_display_p3(astronaut: NDArray[np.uint8]) -> None:
    stream = BytesIO()
    file = pillow_heif.from_pillow(Image.fromarray(astronaut[:64, :64]))
    file.save(stream, color_primaries=12, transfer_characteristics=13, matrix_coefficients=6, full_range_flag=1)
    assert decode(stream.getvalue()).space is ColorSpace.DISPLAY_P3


def test_high_dynamic_range_is_said_not_to_be_supported(astronaut: NDArray[np.uint8], written: Written) -> None:
    picture = decode(with_code_points(written(astronaut, "PNG"), 9, 16, 0, 1))
    assert picture.space is ColorSpace.SRGB
    assert "PQ" in picture.source.notes[0]


def test_a_profile_outweighs_code_points(astronaut: NDArray[np.uint8], written: Written, adobe_rgb: bytes) -> None:
    picture = decode(with_code_points(written(astronaut[:32, :32], "PNG", icc_profile=adobe_rgb), 1, 13, 0, 1))
    assert picture.source.icc == adobe_rgb


@pytest.mark.parametrize(
    ("primaries", "space"), [(1, ColorSpace.SRGB), (12, ColorSpace.DISPLAY_P3), (2, ColorSpace.SRGB)]
)
def test_primaries_name_a_space(primaries: int, space: ColorSpace) -> None:
    assert CodePoints(primaries, 13).space is space
    assert CodePoints(primaries, 13).note is None
