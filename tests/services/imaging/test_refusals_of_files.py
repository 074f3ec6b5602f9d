"""Bad files are refused with their reason, before they cost anything."""

from __future__ import annotations

import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile
from atelier_imaging.decode import DecodeLimits, decode
from atelier_sdk.errors import (
    AtelierError,
    ImageTooLargeError,
    ImageTruncatedError,
    ImageUndecodableError,
    UnsupportedFormatError,
)
from hypothesis import given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Written = Callable[..., bytes]

KINDS = ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"]


def chunk(name: bytes, content: bytes) -> bytes:
    """Return a PNG chunk with its length and checksum."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(width: int, height: int, *extra: bytes, rows: bytes = b"") -> bytes:
    """Return a PNG that states a size, whatever it holds."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [chunk(b"IHDR", header), *extra, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.05, 0.5, 0.99])
def test_a_truncated_file_is_refused_as_such(
    astronaut: NDArray[np.uint8], written: Written, kind: str, share: float
) -> None:
    whole = written(astronaut[:256, :256], kind)
    with pytest.raises(ImageTruncatedError) as refusal:
        decode(whole[: int(len(whole) * share)])
    assert refusal.value.metadata["format"] == kind.lower()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "AVIF"])
def test_a_corrupt_file_is_refused_as_such(astronaut: NDArray[np.uint8], written: Written, kind: str) -> None:
    """WebP and uncompressed TIFF have no redundancy that would betray a changed byte."""
    whole = bytearray(written(astronaut[:256, :256], kind))
    middle = len(whole) // 2
    whole[middle : middle + 200] = np.random.default_rng(1).bytes(200)
    with pytest.raises(ImageUndecodableError):
        decode(bytes(whole))


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(ImageUndecodableError, match="empty"):
        decode(b"")


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"hello, this is text", "unknown"),
        (b"GIF89a" + bytes(20), "gif"),
        (b"%PDF-1.7", "pdf"),
        (b"BM" + bytes(50), "bmp"),
    ],
)
def test_a_foreign_format_is_named(content: bytes, name: str) -> None:
    with pytest.raises(UnsupportedFormatError) as refusal:
        decode(content)
    assert refusal.value.metadata["format"] == name


@pytest.mark.parametrize("content", [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\0", b"RIFF\xff\0\0\0WEBP"])
def test_a_file_that_ends_after_its_first_bytes_is_truncated(content: bytes) -> None:
    with pytest.raises(ImageTruncatedError):
        decode(content)


def test_a_picture_without_pixels_is_refused() -> None:
    for size in ((0, 0), (0, 5), (5, 0)):
        with pytest.raises(ImageUndecodableError):
            decode(png(*size))


@pytest.mark.parametrize("size", [(8001, 8000), (15000, 15000), (20000, 4), (4, 20000)])
def test_too_many_pixels_are_refused_by_the_header(size: tuple[int, int]) -> None:
    """The file holds no pixels at all: had they been asked for, it would be corrupt."""
    with pytest.raises(ImageTooLargeError) as refusal:
        decode(png(*size))
    assert (refusal.value.metadata["width"], refusal.value.metadata["height"]) == (str(size[0]), str(size[1]))


def test_limits_can_be_lowered(astronaut: NDArray[np.uint8], written: Written) -> None:
    encoded = written(astronaut, "PNG")
    assert decode(encoded, DecodeLimits(max_pixels=512 * 512, max_side_pixels=512)).width == 512
    with pytest.raises(ImageTooLargeError):
        decode(encoded, DecodeLimits(max_pixels=512 * 512 - 1))
    with pytest.raises(ImageTooLargeError):
        decode(encoded, DecodeLimits(max_side_pixels=511))


@pytest.mark.parametrize(
    "bomb",
    [
        (b"zTXt", b"k\0\0"),
        (b"iTXt", b"k\0\1\0\0\0"),
    ],
)
def test_compressed_text_of_a_png_stays_packed(bomb: tuple[bytes, bytes]) -> None:
    """A hundred chunks of 10 MB each: were they unpacked, the test would need a gigabyte and some seconds."""
    packed = chunk(bomb[0], bomb[1] + zlib.compress(bytes(10 << 20), 9))
    rows = b"\0" + bytes(range(6))
    assert decode(png(2, 1, *[packed] * 100, rows=rows)).pixels.ravel().tolist() == list(range(6))


def test_a_huge_profile_is_ignored(written: Written, astronaut: NDArray[np.uint8]) -> None:
    packed = chunk(b"iCCP", b"k\0\0" + zlib.compress(bytes(50 << 20), 9))
    rows = b"\0" + bytes(range(6))
    picture = decode(png(2, 1, packed, rows=rows))
    assert picture.source.icc is None


def test_floating_point_pixels_are_refused_by_name() -> None:
    from io import BytesIO

    stream = BytesIO()
    tifffile.imwrite(stream, np.zeros((4, 4, 3), np.float32), photometric="rgb")
    with pytest.raises(UnsupportedFormatError, match="float"):
        decode(stream.getvalue())


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(KINDS), st.integers(0, 10**6), st.binary(min_size=1, max_size=12))
def test_no_change_of_bytes_does_more_than_refuse(kind: str, place: int, noise: bytes) -> None:
    """Whatever stands in a file, the answer is a picture or one of our refusals."""
    whole = bytearray(_SMALL[kind])
    at = place % len(whole)
    whole[at : at + len(noise)] = noise
    try:
        picture = decode(bytes(whole))
    except AtelierError as refusal:
        assert refusal.status == "INVALID_ARGUMENT"  # noqa: PT017 - most changes are not refused
    else:
        assert picture.pixels.size > 0


def test_refusals_of_side_by_side_calls_are_their_own(astronaut: NDArray[np.uint8], written: Written) -> None:
    """The decoder's messages share one buffer among threads; the reason must not be taken from there."""
    jpeg, whole = written(astronaut, "JPEG"), written(astronaut, "PNG")
    cases = {
        jpeg: "ok",
        jpeg[: len(jpeg) // 2]: "IMAGE_TRUNCATED",
        whole[:2000] + bytes(2000) + whole[4000:]: "IMAGE_UNDECODABLE",
    }

    def answer(encoded: bytes) -> str:
        try:
            decode(encoded)
        except AtelierError as refusal:
            return refusal.reason
        return "ok"

    files = [*cases] * 15
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(answer, files)) == [cases[encoded] for encoded in files]


def _small() -> dict[str, bytes]:
    from io import BytesIO

    from PIL import Image

    ramp = np.add.outer(np.arange(24), np.arange(32))[..., None] * [3, 2, 1]
    files = {}
    for kind in KINDS:
        stream = BytesIO()
        Image.fromarray(ramp.astype(np.uint8)).save(stream, kind)
        files[kind] = stream.getvalue()
    return files


_SMALL = _small()
