"""Paths, bytes, arrays and PIL images on their way to the wire and back."""

from __future__ import annotations

import io
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from atelier_client import PictureError
from atelier_client.pictures import load, media_type, reference_of, to_array, to_pil
from PIL import Image, ImageCms

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

ARTIFACT = "sha256:" + "0" * 64


def test_paths_and_bytes_are_sent_as_they_are(picture: Path) -> None:
    content = picture.read_bytes()
    assert [load(picture), load(str(picture)), load(content)] == [content] * 3


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_an_array_of_whole_numbers_comes_back_the_same(channels: int, dtype: type[np.uint8 | np.uint16]) -> None:
    drawn = np.random.default_rng(1).integers(1, np.iinfo(dtype).max, (5, 9, channels), endpoint=True)
    array: NDArray[Any] = drawn.astype(dtype)
    back = to_array(load(array))
    assert back.dtype == dtype
    np.testing.assert_array_equal(back, array)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_an_array_of_floating_point_becomes_16_bits_rounded(dtype: type[np.floating[Any]]) -> None:
    array = np.array([[[0, 0.5, 1]]], dtype=dtype)
    np.testing.assert_array_equal(to_array(load(array)), np.array([[[0, 32768, 65535]]], np.uint16))


@pytest.mark.parametrize(
    ("array", "why"),
    [
        (np.zeros(4, np.uint8), "shape"),
        (np.zeros((4, 4, 2), np.uint8), "shape"),
        (np.zeros((0, 4, 3), np.uint8), "shape"),
        (np.zeros((4, 4, 3), np.int32), "uint8, uint16 or floating"),
        (np.full((4, 4, 3), 1.01, np.float32), "within 0 and 1"),
        (np.full((4, 4, 3), np.nan, np.float32), "within 0 and 1"),
    ],
)
def test_an_array_that_is_no_picture_is_refused(array: NDArray[Any], why: str) -> None:
    with pytest.raises(PictureError, match=why):
        load(array)


def test_a_view_with_strides_of_its_own_is_sent_as_it_looks(pixels: NDArray[np.uint8]) -> None:
    np.testing.assert_array_equal(to_array(load(pixels[::2, ::-1])), pixels[::2, ::-1])


@pytest.mark.parametrize(
    ("mode", "kind"), [("RGB", "png"), ("RGBA", "png"), ("L", "png"), ("P", "png"), ("CMYK", "tiff")]
)
def test_a_pil_image_is_sent_without_loss(pixels: NDArray[np.uint8], mode: str, kind: str) -> None:
    image = Image.fromarray(pixels).convert(mode)
    content = load(image)
    assert media_type(content) == f"image/{kind}"
    np.testing.assert_array_equal(np.asarray(to_pil(content)), np.asarray(image))


def test_a_pil_image_is_sent_upright_with_its_profile(pixels: NDArray[np.uint8]) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to see it upright
    to = io.BytesIO()
    Image.fromarray(pixels).save(to, "PNG", exif=exif, icc_profile=profile)
    sent = to_pil(load(Image.open(to)))
    assert sent.size == (pixels.shape[0], pixels.shape[1])
    assert sent.info["icc_profile"] == profile
    assert sent.getexif().get(0x0112, 1) == 1


def test_anything_else_is_no_picture() -> None:
    with pytest.raises(PictureError, match="not int"):
        load(7)  # type: ignore[arg-type]


def test_a_file_that_pillow_cannot_read_is_a_picture_error() -> None:
    with pytest.raises(PictureError, match="does not know"):
        to_pil(b"text")


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "absent.jpg")


def test_references_are_told_from_paths() -> None:
    assert [reference_of(source) for source in (ARTIFACT, "https://a.b/c.jpg", "sha256:12", "in.jpg", b"x")] == [
        ARTIFACT,
        "https://a.b/c.jpg",
        "",
        "",
        "",
    ]


@pytest.mark.parametrize(
    ("name", "kind"), [("JPEG", "jpeg"), ("PNG", "png"), ("WEBP", "webp"), ("TIFF", "tiff"), ("AVIF", "avif")]
)
def test_media_types_are_read_from_the_first_bytes(pixels: NDArray[np.uint8], name: str, kind: str) -> None:
    to = io.BytesIO()
    Image.fromarray(pixels).save(to, name)
    assert media_type(to.getvalue()) == f"image/{kind}"


def test_the_client_imports_neither_numpy_nor_pillow_until_it_needs_them() -> None:
    code = "import sys, atelier_client; print(sorted({'numpy', 'PIL', 'cv2'} & set(sys.modules)))"
    output = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=True).stdout
    assert output.strip() == "[]"


@pytest.mark.parametrize("shape", [(40, 60), (40, 60, 1)])
@pytest.mark.parametrize(("dtype", "mode"), [(np.uint8, "L"), (np.uint16, "I;16")])
def test_a_grey_array_is_sent_grey(shape: tuple[int, ...], dtype: type[np.unsignedinteger[Any]], mode: str) -> None:
    grey = np.random.default_rng(7).integers(0, np.iinfo(dtype).max, shape, dtype)
    with Image.open(io.BytesIO(load(grey))) as sent:
        assert sent.mode == mode
        np.testing.assert_array_equal(np.asarray(sent), grey.reshape(40, 60))


@pytest.mark.parametrize("mode", ["HSV", "LAB", "F", "I"])
def test_a_pil_image_whose_numbers_are_no_picture_is_refused(mode: str) -> None:
    with pytest.raises(PictureError, match=f"mode {mode} is not sent"):
        load(Image.new(mode, (4, 4)))
