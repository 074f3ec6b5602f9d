"""Files of every kind come in as what they show."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pillow_heif
import pytest
import pyvips
import tifffile
from atelier_imaging import icc
from atelier_imaging.color import ColorSpace, delta_e_2000, rgb_to_lab
from atelier_imaging.decode import decode
from atelier_imaging.formats import ImageFormat
from PIL import Image, ImageCms

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Profile = Callable[..., bytes]
    Written = Callable[..., bytes]

LOSSLESS = ["PNG", "TIFF", "WEBP"]


@pytest.fixture
def face(astronaut: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a small part of the portrait, wider than high."""
    return np.ascontiguousarray(astronaut[40:168, 150:310])


@pytest.mark.parametrize(
    ("kind", "settings", "expected"),
    [
        ("JPEG", {"quality": 90}, ImageFormat.JPEG),
        ("PNG", {}, ImageFormat.PNG),
        ("WEBP", {"lossless": True}, ImageFormat.WEBP),
        ("TIFF", {}, ImageFormat.TIFF),
        # Its encoder cuts the picture up for its threads, as many as there are processors unless it is told.
        ("AVIF", {"quality": 90, "max_threads": 2}, ImageFormat.AVIF),
    ],
)
def test_every_format_shows_what_another_decoder_shows(
    face: NDArray[np.uint8], written: Written, kind: str, settings: dict[str, object], expected: ImageFormat
) -> None:
    encoded = written(face, kind, **settings)
    picture = decode(encoded)
    other = np.asarray(Image.open(BytesIO(encoded)).convert("RGB"))
    assert picture.source.format is expected
    difference = np.abs(picture.pixels.astype(int) - other)
    # Decoders of lossy formats may spread the half-size colour channels differently.
    assert difference.max() == 0 if kind in LOSSLESS else difference.mean() < 0.5


def test_heif_comes_in_upright_with_its_profile(face: NDArray[np.uint8]) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stream = BytesIO()
    p3 = icc.builtin_icc(ColorSpace.DISPLAY_P3)
    pillow_heif.from_pillow(Image.fromarray(face)).save(stream, quality=95, exif=exif.tobytes(), icc_profile=p3)
    picture = decode(stream.getvalue())
    assert (picture.source.format, picture.space) == (ImageFormat.HEIF, ColorSpace.DISPLAY_P3)
    # A HEIF's own boxes turn it; the EXIF orientation that is repeated inside must not turn it again.
    assert picture.pixels.shape == np.asarray(pillow_heif.open_heif(stream.getvalue())).shape
    assert picture.source.exif is not None


def test_ten_bit_heif_uses_all_sixteen_bits(face: NDArray[np.uint8]) -> None:
    deep = np.multiply(face, 257, dtype=np.uint16)
    deep[:64, :64] = 65535
    stream = BytesIO()
    pillow_heif.from_bytes("RGB;16", deep.shape[1::-1], deep.tobytes()).save(stream, quality=100)
    picture = decode(stream.getvalue())
    assert (picture.pixels.dtype, picture.source.bit_depth) == (np.dtype(np.uint16), 10)
    assert picture.pixels[8:56, 8:56].min() > 65535 - 2 * 64  # white, but for what the codec does


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_every_orientation_is_undone(face: NDArray[np.uint8], written: Written, kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    encoded = written(face, kind, exif=exif.tobytes(), **({"quality": 100} if kind == "JPEG" else {}))
    upright = np.asarray(_turned(Image.open(BytesIO(encoded))))
    picture = decode(encoded)
    assert picture.pixels.shape == upright.shape
    assert (picture.source.width, picture.source.height) == (upright.shape[1], upright.shape[0])
    assert np.abs(picture.pixels.astype(int) - upright).max() <= 3


def _turned(image: Image.Image) -> Image.Image:
    from PIL import ImageOps

    turned = ImageOps.exif_transpose(image)
    assert turned is not None
    return turned


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF"])
def test_grey_stays_neutral(face: NDArray[np.uint8], written: Written, kind: str) -> None:
    picture = decode(written(face, kind, "L"))
    assert picture.source.was_grey
    assert np.array_equal(picture.pixels[..., 0], picture.pixels[..., 2])
    assert picture.source.profile_description == "grey, sRGB curve"


def test_one_bit_and_palette_pictures_become_rgb(face: NDArray[np.uint8], written: Written) -> None:
    bitmap = decode(written(face, "PNG", "1"))
    assert set(np.unique(bitmap.pixels)) == {0, 255}
    palette = decode(written(face, "PNG", "P"))
    assert np.array_equal(palette.pixels, np.asarray(Image.fromarray(face).convert("P").convert("RGB")))


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_come_in_whole(face: NDArray[np.uint8], kind: str) -> None:
    deep = (face.astype(np.uint16) << 8) + np.arange(160, dtype=np.uint16)[:, None]
    image = pyvips.Image.new_from_array(deep, interpretation="rgb16")
    encoded = image.pngsave_buffer() if kind == "PNG" else image.tiffsave_buffer()
    picture = decode(encoded)
    assert np.array_equal(picture.pixels, deep)
    assert picture.source.bit_depth == 16


@pytest.mark.parametrize("extra", ["assocalpha", "unassalpha"])
def test_alpha_comes_in_straight(face: NDArray[np.uint8], extra: str) -> None:
    alpha = np.linspace(128, 255, face.shape[1]).astype(np.uint8)[None].repeat(face.shape[0], 0)
    stored = np.rint(face * (alpha[..., None] / 255)).astype(np.uint8) if extra == "assocalpha" else face
    stream = BytesIO()
    tifffile.imwrite(stream, np.dstack([stored, alpha]), photometric="rgb", extrasamples=[extra])
    picture = decode(stream.getvalue())
    assert picture.alpha is not None
    assert np.array_equal(picture.alpha, alpha)
    # Premultiplied numbers were rounded: at an alpha of a half, one level becomes two.
    assert np.abs(picture.pixels.astype(int) - face).max() <= (2 if extra == "assocalpha" else 0)


def test_grey_with_alpha(face: NDArray[np.uint8], written: Written) -> None:
    stream = BytesIO()
    image = Image.fromarray(face).convert("LA")
    image.save(stream, "PNG")
    picture = decode(stream.getvalue())
    assert picture.source.was_grey
    assert picture.alpha is not None
    assert picture.alpha.min() == 255


def test_adobe_rgb_comes_in_as_display_p3(face: NDArray[np.uint8], written: Written, adobe_rgb: bytes) -> None:
    """Checked against Little CMS's own 8-bit conversion to sRGB, in CIEDE2000."""
    picture = decode(written(face, "PNG", icc_profile=adobe_rgb))
    assert (picture.space, picture.pixels.dtype) == (ColorSpace.DISPLAY_P3, np.dtype(np.uint16))
    assert picture.source.profile_description == "Made for a test"
    own = ImageCms.ImageCmsProfile(BytesIO(adobe_rgb))
    other = ImageCms.profileToProfile(
        Image.fromarray(face),
        own,
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
    )
    assert other is not None
    reference = np.asarray(other)
    inside = ((reference > 0) & (reference < 255)).all(axis=2)
    difference = delta_e_2000(
        rgb_to_lab(picture.pixels, picture.space)[inside], rgb_to_lab(reference, ColorSpace.SRGB)[inside]
    )
    # Its 8-bit result is rounded, and it samples curves coarsely in the dark.
    assert np.median(difference) < 0.5
    assert np.percentile(difference, 99) < 2


def test_shadows_of_adobe_rgb_are_exact(written: Written, adobe_rgb: bytes) -> None:
    """A grey of 5 of 255 is (5/255)^2.199 of white; on the sRGB curve 16 bits wide that is 149."""
    dark = np.full((4, 4, 3), 5, np.uint8)
    picture = decode(written(dark, "PNG", icc_profile=adobe_rgb))
    assert np.abs(picture.pixels.astype(int) - 149).max() <= 1


def test_a_profile_of_tables_shows_what_its_curves_show(
    face: NDArray[np.uint8], written: Written, adobe_rgb: bytes, adobe_rgb_as_tables: bytes
) -> None:
    curves, tables = (decode(written(face, "PNG", icc_profile=own)) for own in (adobe_rgb, adobe_rgb_as_tables))
    assert (tables.space, tables.source.profile_description) == (ColorSpace.DISPLAY_P3, "Made of tables")
    difference = delta_e_2000(rgb_to_lab(tables.pixels, tables.space), rgb_to_lab(curves.pixels, curves.space))
    assert np.percentile(difference, 99) < 1  # Little CMS samples curves in steps


def test_a_profile_that_equals_srgb_changes_no_number(face: NDArray[np.uint8], written: Written) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture = decode(written(face, "PNG", icc_profile=srgb))
    assert picture.space is ColorSpace.SRGB
    assert np.array_equal(picture.pixels, face)
    assert picture.source.icc == srgb


def test_a_grey_profile_is_honoured(face: NDArray[np.uint8], written: Written, profile: Profile) -> None:
    grey = np.array(Image.fromarray(face).convert("L"))
    picture = decode(written(grey, "PNG", icc_profile=profile(1.0)))
    # 1.055 x (128/255) ^ (1/2.4) - 0.055 = 0.7366
    at = np.argwhere(grey == 128)[0]
    assert abs(int(picture.pixels[at[0], at[1], 0]) - round(0.7366 * 65535)) < 10


def test_cmyk_with_a_profile_looks_like_its_proof(face: NDArray[np.uint8]) -> None:
    """To CMYK by the profile and back again leaves a portrait's colours about where they were."""
    press = ImageCms.ImageCmsProfile(BytesIO(icc.press_icc()))
    srgb = ImageCms.createProfile("sRGB")
    inks = ImageCms.profileToProfile(
        Image.fromarray(face),
        srgb,
        press,
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="CMYK",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    assert inks is not None
    stream = BytesIO()
    inks.save(stream, "TIFF", icc_profile=icc.press_icc())
    picture = decode(stream.getvalue())
    assert picture.source.was_cmyk
    assert picture.space is ColorSpace.SRGB
    difference = delta_e_2000(rgb_to_lab(picture.pixels, ColorSpace.SRGB), rgb_to_lab(face, ColorSpace.SRGB))
    assert np.median(difference) < 2


def test_an_inverted_cmyk_jpeg_is_no_negative(face: NDArray[np.uint8], written: Written) -> None:
    """Adobe's CMYK JPEGs store 255 for no ink; read wrongly, light and dark change places."""
    encoded = written(face, "JPEG", "CMYK", quality=95)
    assert b"Adobe" in encoded[:40]
    picture = decode(encoded)
    assert picture.source.profile_description == "CMYK without a profile"
    assert np.corrcoef(picture.pixels.mean(axis=2).ravel(), face.mean(axis=2).ravel())[0, 1] > 0.95


def test_a_broken_profile_is_ignored_and_said(face: NDArray[np.uint8], written: Written) -> None:
    picture = decode(written(face, "JPEG", icc_profile=b"no profile at all" * 20))
    assert picture.space is ColorSpace.SRGB
    assert "broken" in picture.source.notes[0]


def test_a_profile_of_another_colour_model_is_ignored_and_said(
    face: NDArray[np.uint8], written: Written, profile: Profile
) -> None:
    picture = decode(written(face, "TIFF", icc_profile=profile(2.2)))
    assert "grey" in picture.source.notes[0]
    assert np.array_equal(picture.pixels, face)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF", "TIFF"])
def test_of_an_animation_the_first_frame_counts(face: NDArray[np.uint8], kind: str) -> None:
    frames = [Image.fromarray(face), Image.fromarray(face[::-1])]
    stream = BytesIO()
    frames[0].save(
        stream, kind, save_all=True, append_images=frames[1:], **({"lossless": True} if kind == "WEBP" else {})
    )
    picture = decode(stream.getvalue())
    assert np.abs(picture.pixels.astype(int) - face).mean() < 3


def test_a_single_pixel_is_a_picture(written: Written) -> None:
    for kind in ("PNG", "JPEG", "TIFF", "WEBP", "AVIF"):
        picture = decode(written(np.full((1, 1, 3), 128, np.uint8), kind))
        assert picture.pixels.shape == (1, 1, 3)


def test_a_file_is_described_by_its_bytes(face: NDArray[np.uint8], written: Written) -> None:
    encoded = written(face, "PNG")
    info = decode(encoded).source_info
    assert (info.width, info.height, info.format, info.bit_depth) == (160, 128, "png", 8)
    assert (info.color_profile, info.has_alpha, info.size_bytes) == ("sRGB", False, len(encoded))
    assert len(info.sha256) == 64


def test_real_portraits_decode_as_elsewhere(portrait_paths: list[Path]) -> None:
    """Compared with Pillow, number for number, where the profile changes none."""
    for path in portrait_paths:
        encoded = path.read_bytes()
        picture = decode(encoded)
        other = np.asarray(Image.open(BytesIO(encoded)).convert("RGB"))
        assert picture.pixels.shape == other.shape
        if picture.pixels.dtype == np.uint8 and not picture.source.was_cmyk:
            assert np.array_equal(picture.pixels, other)
