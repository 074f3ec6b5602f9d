"""Contact sheets: where pictures, details and words stand."""

from __future__ import annotations

import numpy as np
import pytest
from atelier_client.sheet import Detail, Tile, before_and_after, contact_sheet, save
from PIL import Image, ImageCms

RED, BLUE = (200, 30, 30), (30, 30, 200)


def plain(colour: tuple[int, int, int], width: int = 300, height: int = 300) -> Image.Image:
    return Image.new("RGB", (width, height), colour)


def area_of(page: Image.Image, colour: tuple[int, int, int]) -> int:
    return int((np.abs(np.asarray(page).astype(int) - colour).max(axis=2) <= 2).sum())


def test_tiles_stand_side_by_side_in_their_colours() -> None:
    page = contact_sheet([Tile(plain(RED), "red"), Tile(plain(BLUE), "blue")], tile_pixels=300)
    assert area_of(page, RED) == area_of(page, BLUE) == 300 * 300
    pixels = np.asarray(page)
    assert tuple(pixels[100, 100]) == RED
    assert tuple(pixels[100, page.width - 100]) == BLUE


def test_many_tiles_fill_rows_evenly() -> None:
    wide, tall = (contact_sheet([Tile(plain(RED), "x")] * count, tile_pixels=100) for count in (4, 6))
    assert wide.width > tall.width
    assert tall.height > 1.5 * wide.height


def test_a_detail_shows_the_same_part_of_each_picture() -> None:
    picture = plain(RED)
    picture.paste(BLUE, (150, 0, 300, 300))
    page = contact_sheet([Tile(picture, "x")], tile_pixels=300, detail=Detail(0.5, 0, 1, 0.5))
    assert area_of(page, BLUE) == pytest.approx(150 * 300 + 300 * 300, rel=0.01)


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        (Detail.around(0.5, 0.5, 0.5), (0.25, 0.25, 0.75, 0.75)),
        (Detail.around(0.0, 1.0, 0.5), (0.0, 0.5, 0.5, 1.0)),
        (Detail.around(0.5, 0.5, 3.0), (0.0, 0.0, 1.0, 1.0)),
        (Detail.around(0.5, 0.5, 0.25, aspect=2.0), (0.375, 0.25, 0.625, 0.75)),
    ],
)
def test_a_detail_stays_inside_its_picture(detail: Detail, expected: tuple[float, ...]) -> None:
    assert (detail.left, detail.top, detail.right, detail.bottom) == pytest.approx(expected)


def test_a_profile_is_converted_and_not_ignored() -> None:
    picture = plain((128, 128, 128))
    picture.info["icc_profile"] = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert area_of(contact_sheet([Tile(picture, "x")], tile_pixels=300), (128, 128, 128)) >= 300 * 300
    lab = Image.new("L", (300, 300), 128)
    assert area_of(contact_sheet([Tile(lab, "x")], tile_pixels=300), (128, 128, 128)) >= 300 * 300


def test_transparency_is_laid_over_the_page() -> None:
    clear = Image.new("RGBA", (300, 300), (255, 0, 0, 0))
    assert area_of(contact_sheet([Tile(clear, "x")], tile_pixels=300), (255, 0, 0)) == 0


def test_long_captions_are_broken_and_make_room() -> None:
    short, long = (contact_sheet([Tile(plain(RED), "label", "word " * count)], tile_pixels=300) for count in (1, 60))
    assert long.width == short.width
    assert long.height > short.height + 100


@pytest.mark.parametrize("text", ["é", "Δ", "—", "字"])
def test_signs_that_the_font_lacks_draw_no_boxes(text: str) -> None:
    box = contact_sheet([Tile(plain(RED), f"a{text}a")], tile_pixels=300)
    without = {"é": "aea", "Δ": "ada", "—": "a-a", "字": "aa"}[text]
    np.testing.assert_array_equal(
        np.asarray(box), np.asarray(contact_sheet([Tile(plain(RED), without)], tile_pixels=300))
    )


def test_a_sheet_needs_a_picture() -> None:
    with pytest.raises(ValueError, match="needs a picture"):
        contact_sheet([])


def test_before_and_after_are_labelled(tmp_path: object) -> None:
    page = before_and_after(plain(RED), plain(BLUE), what="Kodachrome", detail=Detail.around(0.5, 0.5, 0.2))
    path = f"{tmp_path}/sheet.jpg"
    save(page, path)
    with Image.open(path) as written:
        assert written.size == page.size
    assert page.width > 1280
