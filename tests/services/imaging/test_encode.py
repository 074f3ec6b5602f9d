"""A picture goes out as it came in, unless asked otherwise."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pillow_heif
import pytest
from atelier_imaging import icc
from atelier_imaging.color import ColorSpace, delta_e_2000, rgb_to_lab
from atelier_imaging.decode import decode
from atelier_imaging.encode import EncodeOptions, encode
from atelier_imaging.formats import ImageFormat
from atelier_imaging.outgoing import at_depth
from atelier_imaging.picture import Picture
from atelier_sdk.errors import ImageTooLargeError
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from atelier_imaging.vips import Pixels
    from numpy.typing import NDArray

    Profile = Callable[..., bytes]
    Written = Callable[..., bytes]

LOSSLESS = [ImageFormat.PNG, ImageFormat.TIFF]
LOSSY = [ImageFormat.JPEG, ImageFormat.WEBP, ImageFormat.AVIF]
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf/></x:xmpmeta>'


@pytest.fixture
def face(astronaut: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a small part of the portrait, wider than high."""
    return np.ascontiguousarray(astronaut[40:168, 150:310])


def exif_block(orientation: int = 1) -> bytes:
    """Return an EXIF block with a maker, an artist, and an inner directory, as Pillow writes it."""
    exif = Image.Exif()
    exif[0x010F] = "A Camera Works"
    exif[0x013B] = "Somebody"
    exif[0x0112] = orientation
    exif.get_ifd(0x8769).update({0x9003: "2024:05:06 07:08:09", 0xA002: 4000, 0xA003: 3000})
    exif.get_ifd(0x8825).update({1: "N"})
    return exif.tobytes()


@pytest.mark.parametrize("image_format", LOSSLESS)
@pytest.mark.parametrize("space", list(ColorSpace))
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("with_alpha", [False, True])
def test_a_neutral_round_trip_changes_no_pixel(
    face: NDArray[np.uint8], image_format: ImageFormat, space: ColorSpace, bits: int, with_alpha: bool
) -> None:
    rng = np.random.default_rng(0)
    pixels: Pixels = face if bits == 8 else rng.integers(0, 65536, face.shape, dtype=np.uint16)
    alpha: Pixels | None = pixels[..., 0].copy() if with_alpha else None
    first = encode(Picture.from_array(pixels, space, alpha), EncodeOptions(format=image_format))
    picture = decode(first.data)
    again = decode(encode(picture).data)
    assert (picture.space, again.space) == (space, space)
    for one in (picture, again):
        assert np.array_equal(one.pixels, pixels)
        assert one.pixels.dtype == pixels.dtype
        assert (one.alpha is None) is (alpha is None)
        assert alpha is None or one.alpha is None or np.array_equal(one.alpha, alpha)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("gamma", [None, 1.0, 2.2])
def test_a_neutral_round_trip_of_grey_changes_no_pixel(bits: int, gamma: float | None, profile: Profile) -> None:
    """At 16 bits with a curve of its own, the darkest numbers lie closer than 16 bits of the sRGB curve can tell."""
    import pyvips

    ramp = np.arange(256 if bits == 8 else 65536).reshape(16, -1).astype(np.uint8 if bits == 8 else np.uint16)
    image = pyvips.Image.new_from_array(ramp, interpretation="b-w" if bits == 8 else "grey16")
    if gamma:
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile(gamma))
    original = image.pngsave_buffer()
    result = pyvips.Image.new_from_buffer(encode(decode(original)).data, "")
    difference = np.abs(result.numpy().astype(int) - ramp)
    assert result.bands == 1
    assert difference.max() == 0 if bits == 8 or gamma is None else np.median(difference) <= 1
    assert (result.get("icc-profile-data") if gamma else None) == (profile(gamma) if gamma else None)


def test_what_is_grey_no_more_goes_out_in_colour(face: NDArray[np.uint8], written: Written) -> None:
    picture = decode(written(face, "JPEG", "L"))
    tinted = picture.pixels.copy()
    tinted[..., 2] //= 2
    assert Image.open(BytesIO(encode(picture).data)).mode == "L"
    assert Image.open(BytesIO(encode(picture.with_pixels(tinted)).data)).mode == "RGB"


@pytest.mark.parametrize("name", ["adobe_rgb", "pro_photo"])
@pytest.mark.parametrize("bits", [8, 16])
def test_a_neutral_round_trip_through_another_profile(
    face: NDArray[np.uint8], request: pytest.FixtureRequest, name: str, bits: int
) -> None:
    """A portrait's colours lie within Display P3; there, 8 bits come back exactly and 16 within what is seen."""
    import pyvips

    own: bytes = request.getfixturevalue(name)
    # Towards grey, so that no colour leaves Display P3 in a space as wide as ProPhoto.
    calm = (0.4 * face + 0.6 * face.mean(axis=2, keepdims=True)).clip(16, 240)
    pixels = calm.astype(np.uint8) if bits == 8 else (calm * 257).astype(np.uint16)
    image = pyvips.Image.new_from_array(pixels, interpretation="srgb" if bits == 8 else "rgb16")
    image.set_type(pyvips.GValue.blob_type, "icc-profile-data", own)
    encoded = encode(decode(image.pngsave_buffer()))
    result = pyvips.Image.new_from_buffer(encoded.data, "")
    assert result.get("icc-profile-data") == own
    assert np.abs(result.numpy().astype(int) - pixels).max() <= (0 if bits == 8 else 4)


def test_a_profile_of_tables_comes_back(face: NDArray[np.uint8], written: Written, adobe_rgb_as_tables: bytes) -> None:
    calm = (0.4 * face + 0.6 * face.mean(axis=2, keepdims=True)).clip(32, 240).astype(np.uint8)
    encoded = encode(decode(written(calm, "PNG", icc_profile=adobe_rgb_as_tables)))
    image = Image.open(BytesIO(encoded.data))
    assert image.info["icc_profile"] == adobe_rgb_as_tables
    assert np.abs(np.asarray(image).astype(int) - calm).max() <= 1


def test_real_adobe_rgb_portraits_come_back(portrait_paths: list[Path]) -> None:
    """But for the few colours outside Display P3, which are clipped by a level or two."""
    for path in portrait_paths:
        encoded = path.read_bytes()
        picture = decode(encoded)
        written = encode(picture, EncodeOptions(format=ImageFormat.PNG)).data
        result = np.asarray(Image.open(BytesIO(written)).convert("RGB"))
        original = np.asarray(Image.open(BytesIO(encoded)).convert("RGB"))
        close = np.abs(result.astype(int) - original) <= 1
        assert close.mean() > 0.999


@pytest.mark.parametrize("image_format", LOSSY)
def test_lossy_formats_stay_close(face: NDArray[np.uint8], image_format: ImageFormat) -> None:
    encoded = encode(Picture.from_array(face), EncodeOptions(format=image_format))
    other = np.asarray(Image.open(BytesIO(encoded.data)).convert("RGB"))
    assert encoded.info.format is image_format
    difference = delta_e_2000(rgb_to_lab(other, ColorSpace.SRGB), rgb_to_lab(face, ColorSpace.SRGB))
    assert np.median(difference) < 2  # WebP, which halves the resolution of colour, has 1.6 here


@pytest.mark.parametrize("image_format", LOSSY)
def test_more_quality_is_a_larger_file(face: NDArray[np.uint8], image_format: ImageFormat) -> None:
    picture = Picture.from_array(face)
    sizes = [len(encode(picture, EncodeOptions(format=image_format, quality=quality)).data) for quality in (30, 92)]
    assert sizes[0] < sizes[1]


@pytest.mark.parametrize("image_format", [*LOSSLESS, *LOSSY])
def test_metadata_is_kept_and_made_true(face: NDArray[np.uint8], written: Written, image_format: ImageFormat) -> None:
    p3 = icc.builtin_icc(ColorSpace.DISPLAY_P3)
    picture = decode(written(face, "JPEG", exif=exif_block(6), xmp=XMP, icc_profile=p3, quality=95))
    encoded = encode(picture, EncodeOptions(format=image_format))
    again = decode(encoded.data)
    exif = Image.open(BytesIO(encoded.data)).getexif()
    assert (exif[0x010F], exif[0x013B], exif.get(0x0112, 1)) == ("A Camera Works", "Somebody", 1)
    assert exif.get_ifd(0x8769)[0x9003] == "2024:05:06 07:08:09"
    assert exif.get_ifd(0x8825)[1] == "N"
    if image_format is not ImageFormat.TIFF:  # whose size tags are its own
        assert (exif.get_ifd(0x8769)[0xA002], exif.get_ifd(0x8769)[0xA003]) == (128, 160)
    assert (again.source.xmp, again.source.icc) == (XMP, p3)
    assert again.pixels.shape == (160, 128, 3)


@pytest.mark.parametrize("image_format", [ImageFormat.JPEG, ImageFormat.PNG, ImageFormat.WEBP, ImageFormat.AVIF])
def test_an_exif_block_that_is_true_already_is_kept_byte_for_byte(
    face: NDArray[np.uint8], written: Written, image_format: ImageFormat
) -> None:
    exif = Image.Exif()
    exif[0x010F] = "A Camera Works"
    exif[0x927C] = b"\0\x01 a note in a form of the maker's own \xff"
    block = exif.tobytes()
    picture = decode(written(face, "JPEG", exif=block))
    again = decode(encode(picture, EncodeOptions(format=image_format)).data)
    assert again.source.exif == picture.source.exif == block.removeprefix(b"Exif\0\0")


@pytest.mark.parametrize("image_format", [*LOSSLESS, *LOSSY])
def test_stripping_leaves_the_profile_alone(
    face: NDArray[np.uint8], written: Written, image_format: ImageFormat
) -> None:
    p3 = icc.builtin_icc(ColorSpace.DISPLAY_P3)
    picture = decode(written(face, "JPEG", exif=exif_block(), xmp=XMP, icc_profile=p3))
    encoded = encode(picture, EncodeOptions(format=image_format, strip_metadata=True))
    again = decode(encoded.data)
    assert (again.source.xmp, again.source.icc) == (None, p3)
    assert b"Somebody" not in encoded.data


def test_the_thumbnail_of_the_unedited_picture_goes(face: NDArray[np.uint8], written: Written) -> None:
    import struct

    thumbnail = b"\xff\xd8 the old picture \xff\xd9"
    block = b"MM\0*" + struct.pack(">I", 8)
    block += struct.pack(">H HHII I", 1, 0x0112, 3, 1, 3 << 16, 26)
    block += struct.pack(">H HHII HHII I", 2, 0x0201, 4, 1, 56, 0x0202, 4, 1, len(thumbnail), 0) + thumbnail
    assert block.find(thumbnail) == 56
    encoded = encode(decode(written(face, "JPEG", exif=b"Exif\0\0" + block)))
    again = decode(encoded.data).source.exif
    assert again is not None
    assert thumbnail not in encoded.data
    assert again[18:26] == struct.pack(">HHI", 1, 0, 0)  # upright, and no directory follows


def test_cmyk_goes_out_as_srgb_and_says_so(face: NDArray[np.uint8], written: Written) -> None:
    encoded = encode(decode(written(face, "JPEG", "CMYK")))
    image = Image.open(BytesIO(encoded.data))
    assert (image.mode, encoded.info.color_profile) == ("RGB", "sRGB")
    assert image.info["icc_profile"] == icc.builtin_icc(ColorSpace.SRGB)


def test_heif_goes_out_as_png(face: NDArray[np.uint8]) -> None:
    stream = BytesIO()
    pillow_heif.from_pillow(Image.fromarray(face)).save(stream)
    assert encode(decode(stream.getvalue())).info.format is ImageFormat.PNG


def test_a_space_can_be_asked_for(face: NDArray[np.uint8], written: Written) -> None:
    p3 = icc.builtin_icc(ColorSpace.DISPLAY_P3)
    picture = decode(written(face // 2 + 64, "PNG", icc_profile=p3))
    encoded = encode(picture, EncodeOptions(space=ColorSpace.SRGB))
    again = decode(encoded.data)
    assert (encoded.info.color_profile, again.space) == ("sRGB", ColorSpace.SRGB)
    difference = delta_e_2000(rgb_to_lab(again.pixels, again.space), rgb_to_lab(picture.pixels, picture.space))
    assert difference.max() < 1  # 8 bits in either


def test_a_depth_can_be_asked_for(face: NDArray[np.uint8]) -> None:
    deep = encode(Picture.from_array(face), EncodeOptions(bit_depth=16))
    assert decode(deep.data).pixels.dtype == np.uint16
    flat = encode(Picture.from_array(face), EncodeOptions(bit_depth=16, format=ImageFormat.JPEG))
    assert flat.info.bit_depth == 8
    assert "8 bits" in flat.notes[0]


def test_sixteen_bits_become_eight_by_the_nearest_number() -> None:
    numbers = np.arange(65536, dtype=np.uint16)
    assert np.array_equal(at_depth(numbers, 8), np.rint(numbers / 257).astype(np.uint8))
    assert np.array_equal(at_depth(at_depth(np.arange(256, dtype=np.uint8), 16), 8), np.arange(256))


def test_a_format_without_transparency_sets_on_white(face: NDArray[np.uint8]) -> None:
    alpha = np.full(face.shape[:2], 255, np.uint8)
    alpha[:64] = 0
    encoded = encode(Picture.from_array(face, alpha=alpha), EncodeOptions(format=ImageFormat.JPEG, quality=100))
    pixels = decode(encoded.data).pixels
    assert pixels[:56].min() > 250
    assert np.abs(pixels[72:].astype(int) - face[72:]).mean() < 1
    assert "white" in encoded.notes[0]


def test_a_picture_too_wide_for_webp_is_refused() -> None:
    with pytest.raises(ImageTooLargeError, match="16383"):
        encode(Picture.from_array(np.zeros((1, 16384, 3), np.uint8)), EncodeOptions(format=ImageFormat.WEBP))


def test_the_same_picture_gives_the_same_bytes(face: NDArray[np.uint8]) -> None:
    for image_format in (*LOSSLESS, *LOSSY):
        options = EncodeOptions(format=image_format)
        assert encode(Picture.from_array(face), options).data == encode(Picture.from_array(face), options).data


def test_a_result_is_described_as_it_reads_back(face: NDArray[np.uint8]) -> None:
    for image_format in (*LOSSLESS, *LOSSY):
        encoded = encode(Picture.from_array(face, ColorSpace.DISPLAY_P3), EncodeOptions(format=image_format))
        assert decode(encoded.data).source_info == encoded.info


def test_pixels_handed_to_a_picture_are_locked(face: NDArray[np.uint8]) -> None:
    picture = Picture.from_array(face.copy())
    with pytest.raises(ValueError, match="read-only"):
        picture.pixels[0, 0, 0] = 1


def test_a_picture_has_the_shape_that_it_promises(face: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="height, width, 3"):
        Picture.from_array(face[..., 0])
    with pytest.raises(ValueError, match="alpha"):
        Picture.from_array(face, alpha=np.zeros((3, 3), np.uint8))
    with pytest.raises(TypeError, match="float32"):
        Picture.from_array(face.astype(np.float32))
