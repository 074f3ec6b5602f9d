"""Throw a planned light on a picture, in one pass over its rows."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.color import decode_transfer, encode_transfer, full_scale, luminance_weights
from atelier_imaging.region import Region

from atelier_edit.light.catchlights import relight_eye

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from atelier_imaging.picture import Picture
    from atelier_imaging.portrait import Portrait
    from atelier_imaging.vips import Pixels
    from numpy.typing import NDArray

    from atelier_edit.relight_plan import RelightPlan, RelightRecipe

_STRIP_ROWS: Final = 128
_TABLE_SIZE: Final = 65536
_DITHER_SIZE: Final = 128
# Factors on a grid of nodes farther apart than this many pixels are refined by cubic interpolation first: the corners
# of a linear one would show in smooth skin.
_NODE_PIXELS: Final = 4.0
# Less than this of lost colour is none; it comes back in full where light falls to so many of its parts.
_HARDLY: Final = 0.02
_COLOR_BACK: Final = 4.0
# A highlight takes the texture of the skin under it, within these bounds.
_TEXTURE: Final = (0.3, 2.0)


def relight(portrait: Portrait, plan: RelightPlan, check: Callable[[], None] = lambda: None) -> Picture:
    """Answer the picture in its new light; where the plan changes nothing, the picture itself.

    `check` is called before each strip and may raise to stop the work.
    """
    if plan.recipe is None:
        return portrait.picture
    picture = portrait.picture
    work = _Pass(picture, plan.recipe, portrait.mask(Region.PERSON))
    out = np.empty_like(picture.pixels)

    def strip(top: int) -> None:
        check()
        work.run(slice(top, min(top + _STRIP_ROWS, picture.height)), out)

    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        for done in [pool.submit(strip, top) for top in range(0, picture.height, _STRIP_ROWS)]:
            done.result()
    if plan.recipe.catchlight is not None:
        for eye in plan.recipe.eyes:
            relight_eye(picture.pixels, out, eye, plan.recipe.catchlight, picture.space)
    return picture.with_pixels(out)


class _Pass:
    """One pass over a picture: everything that is the same for all of its rows.

    Colours are worked on plane by plane, which array code does several times faster than pixel by pixel.
    """

    def __init__(self, picture: Picture, recipe: RelightRecipe, person: NDArray[np.float32]) -> None:
        gains = recipe.gains
        self._pixels = picture.pixels
        self._person = person
        self._weights = luminance_weights(picture.space)
        self._grid = recipe.form.grid
        self._detail = np.float32(1 - recipe.preserve_detail)
        self._grey = np.float32(gains.background_grey)
        self._finer = max(1, round(recipe.form.grid.step / _NODE_PIXELS))
        self._gain, self._behind, self._gloss = (
            [self._refined(np.asarray(plane, np.float32)) for plane in cv2.split(field)]
            for field in (gains.person, gains.background, gains.gloss)
        )
        self._lost = self._refined(gains.lost) if gains.lost.max() > _HARDLY else None
        self._skin_color = gains.skin_color
        self._base, self._contrast = self._refined(recipe.base), self._refined(recipe.contrast)

    def run(self, rows: slice, out: Pixels) -> None:
        """Relight some rows of the picture into `out`."""
        light = [decode_transfer(np.ascontiguousarray(plane)) for plane in cv2.split(self._pixels[rows])]
        person = self._share(rows)
        self._grey_background(light, person)
        brightest = _largest(light)
        texture = self._brightness(light)
        texture /= np.maximum(self._rows(self._base, rows), np.float32(1e-3))
        np.clip(texture, *_TEXTURE, out=texture)
        gains = [self._gain_rows(channel, rows, person) for channel in range(3)]
        self._color_back(light, gains, rows)
        common = _roll_off(_largest(gains), brightest)
        if self._detail:
            common *= np.power(texture, -self._detail * person)
        # What is mirrored stays inside the silhouette: on a hair's breadth of background it would be an outline.
        texture *= person
        texture *= person
        for plane, gain, gloss in zip(light, gains, self._gloss, strict=True):
            plane *= gain
            plane *= common
            mirrored = self._rows(gloss, rows)
            mirrored *= texture
            mirrored *= np.maximum(1 - plane, 0)
            plane += mirrored
        _encode(light, out[rows], rows.start)

    def _color_back(
        self, light: Sequence[NDArray[np.float32]], gains: Sequence[NDArray[np.float32]], rows: slice
    ) -> None:
        """Give clipped skin that gets darker some of its colour: red clips first, and what is left is green."""
        if self._lost is None:
            return
        darker = np.clip((1 - _largest(gains)) * np.float32(_COLOR_BACK), 0, 1)
        share = self._rows(self._lost, rows) * darker
        mean = (light[0] + light[1] + light[2]) * np.float32(1 / 3)
        for plane, color in zip(light, self._skin_color, strict=True):
            plane += share * (mean * color - plane)

    def _share(self, rows: slice) -> NDArray[np.float32]:
        """Return how much of each pixel's light is the person's: at a dark shoulder before a bright wall, little."""
        person = self._person[rows]
        share = person * self._rows(self._contrast, rows)
        share /= share + (1 - person) + np.float32(1e-6)
        return share

    def _grey_background(self, light: Sequence[NDArray[np.float32]], person: NDArray[np.float32]) -> None:
        """Take colour out of what is behind the person, as far as the plan says."""
        if not self._grey:
            return
        bright, share = self._brightness(light), self._grey * (1 - person)
        for plane in light:
            plane += share * (bright - plane)

    def _brightness(self, light: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        red, green, blue = (plane * weight for plane, weight in zip(light, self._weights, strict=True))
        red += green
        red += blue
        return np.asarray(red, np.float32)

    def _gain_rows(self, channel: int, rows: slice, person: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return one channel's factors: the person's in its share of each pixel, the background's in the rest."""
        gain, behind = self._rows(self._gain[channel], rows), self._rows(self._behind[channel], rows)
        gain -= behind
        gain *= person
        gain += behind
        return gain

    def _refined(self, plane: NDArray[np.float32]) -> NDArray[np.float32]:
        size = (plane.shape[1] * self._finer, plane.shape[0] * self._finer)
        refined = plane if self._finer == 1 else cv2.resize(plane, size, interpolation=cv2.INTER_CUBIC)
        return np.asarray(refined, np.float32)

    def _rows(self, plane: NDArray[np.float32], rows: slice) -> NDArray[np.float32]:
        """Return a plane of the grid under some rows of the picture, linear between its nodes."""
        step = self._grid.step / self._finer
        place = np.array(
            [
                [1 / step, 0, (0.5 - self._grid.left) / step - 0.5],
                [0, 1 / step, (rows.start + 0.5 - self._grid.top) / step - 0.5],
            ]
        )
        size = (self._pixels.shape[1], rows.stop - rows.start)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(cv2.warpAffine(plane, place, size, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _largest(planes: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    red, green, blue = planes
    return np.maximum(np.maximum(red, green), blue)


def _roll_off(gain: NDArray[np.float32], brightest: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what factors are multiplied by so that light at `brightest` approaches white and never passes it.

    A film's shoulder: x becomes gx / (1 + (g⁸ - 1)x⁸)^⅛, which is gx but for the highlights and leaves white where it
    is. All channels share it, so that hue stays. Factors below 1 are left alone.
    """
    above, bright = np.maximum(gain, np.float32(1)), brightest.copy()
    for _ in range(3):
        above *= above
        bright *= bright
    above -= 1
    above *= bright
    above += 1
    for _ in range(3):
        np.sqrt(above, out=above)
    return np.reciprocal(above, out=above)


def _encode(light: Sequence[NDArray[np.float32]], out: Pixels, top: int) -> None:
    """Write planes of linear light (h, w), display-encoded, into rows of the picture's own kind; 8 bits are dithered.

    The dither is less than a step wide and depends on the pixel's place only; what keeps its light keeps its number.
    """
    noise = _dither(top, *light[0].shape)
    for channel, plane in enumerate(light):
        if out.dtype == np.uint16:
            encoded = encode_transfer(np.clip(plane, 0, 1)) * np.float32(full_scale(out.dtype))
        else:
            steps = np.empty(plane.shape, np.uint16)
            cv2.addWeighted(plane, float(_TABLE_SIZE - 1), plane, 0.0, 0.0, dst=steps, dtype=cv2.CV_16U)
            encoded = np.asarray(cv2.LUT(steps, _encoding_table()), np.float32)
            encoded += noise
        rounded = np.empty(plane.shape, out.dtype)
        depth = cv2.CV_16U if out.dtype == np.uint16 else cv2.CV_8U
        cv2.addWeighted(encoded, 1.0, encoded, 0.0, 0.0, dst=rounded, dtype=depth)
        out[..., channel] = rounded


@cache
def _encoding_table() -> NDArray[np.float32]:
    """Tabulate the display-encoded value, 0..255, of evenly spaced linear light 0..1."""
    return encode_transfer(np.linspace(0, 1, _TABLE_SIZE, dtype=np.float32)) * np.float32(full_scale(np.uint8))


def _dither(top: int, height: int, width: int) -> NDArray[np.float32]:
    """Return noise (height, width), -0.45 to 0.45, that repeats every 128 pixels."""
    rows = np.arange(top, top + height) % _DITHER_SIZE
    return np.tile(_dither_tile()[rows], (1, width // _DITHER_SIZE + 1))[:, :width]


@cache
def _dither_tile() -> NDArray[np.float32]:
    drawn = np.random.default_rng(0).random((_DITHER_SIZE, _DITHER_SIZE), np.float32)
    return np.asarray((drawn - 0.5) * 0.9, np.float32)
