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
    from collections.abc import Callable

    from atelier_imaging.picture import Picture
    from atelier_imaging.portrait import Portrait
    from atelier_imaging.vips import Pixels
    from numpy.typing import NDArray

    from atelier_edit.relight_plan import RelightPlan, RelightRecipe

_STRIP_ROWS: Final = 128
_TABLE_SIZE: Final = 65536
_DITHER_SIZE: Final = 128
# Factors on a grid much coarser than the picture are brought to about this many nodes first, by cubic interpolation:
# the corners of a linear one would show in smooth skin.
_FINE_NODES: Final = 900


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
    """One pass over a picture: everything that is the same for all of its rows."""

    def __init__(self, picture: Picture, recipe: RelightRecipe, person: NDArray[np.float32]) -> None:
        self._pixels = picture.pixels
        self._person = person
        self._weights = luminance_weights(picture.space)
        self._grid = recipe.form.grid
        self._detail = recipe.preserve_detail
        longest = max(recipe.base.shape)
        self._finer = max(1, round(min(_FINE_NODES, longest * recipe.form.grid.step) / longest))
        gains = recipe.gains
        self._grey = np.float32(gains.background_grey)
        self._gain, self._behind, self._gloss, self._base = (
            self._refined(field) for field in (gains.person, gains.background, gains.gloss, recipe.base)
        )

    def run(self, rows: slice, out: Pixels) -> None:
        """Relight some rows of the picture into `out`."""
        light = decode_transfer(self._pixels[rows])
        person = self._person[rows][..., None]
        gain, behind = self._rows(self._gain, rows), self._rows(self._behind, rows)
        gain -= behind
        gain *= person
        gain += behind
        if self._grey:
            bright = (light @ self._weights)[..., None]
            light += self._grey * (1 - person) * (bright - light)
        brightest = _over_channels(light)
        self._add_gloss(light, rows, person, gain, brightest)
        _encode(light, out[rows], rows.start)

    def _add_gloss(
        self,
        light: NDArray[np.float32],
        rows: slice,
        person: NDArray[np.float32],
        gain: NDArray[np.float32],
        brightest: NDArray[np.float32],
    ) -> None:
        """Multiply light by its factors, rolled off towards white, and add what is mirrored, with skin's texture."""
        bright = light @ self._weights
        texture = np.clip(bright / np.maximum(self._rows(self._base, rows), 1e-3), 0.3, 2.0)
        gain *= _roll_off(_over_channels(gain), brightest)[..., None]
        if self._detail < 1:
            gain *= np.power(texture, np.float32(self._detail - 1))[..., None]
        light *= gain
        gloss = self._rows(self._gloss, rows)
        gloss *= texture[..., None]
        gloss *= person
        gloss *= np.maximum(1 - light, 0)
        light += gloss

    def _refined(self, field: NDArray[np.float32]) -> NDArray[np.float32]:
        if self._finer == 1:
            return field
        size = (field.shape[1] * self._finer, field.shape[0] * self._finer)
        return np.asarray(cv2.resize(field, size, interpolation=cv2.INTER_CUBIC), np.float32)

    def _rows(self, field: NDArray[np.float32], rows: slice) -> NDArray[np.float32]:
        """Return a field of the grid under some rows of the picture, linear between its nodes."""
        step = self._grid.step / self._finer
        place = np.array(
            [
                [1 / step, 0, (0.5 - self._grid.left) / step - 0.5],
                [0, 1 / step, (rows.start + 0.5 - self._grid.top) / step - 0.5],
            ]
        )
        size = (self._pixels.shape[1], rows.stop - rows.start)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(cv2.warpAffine(field, place, size, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _over_channels(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the largest of three channels (h, w, 3)."""
    red, green, blue = cv2.split(values)
    return np.asarray(cv2.max(cv2.max(red, green), blue), np.float32)


def _roll_off(gain: NDArray[np.float32], brightest: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what factors are multiplied by so that light at `brightest` approaches white and never passes it.

    A film's shoulder: x becomes gx / (1 + (g⁴ - 1)x⁴)^¼, which is gx in the shadows and leaves white where it is. All
    channels share it, so that hue stays. Factors below 1 are left alone.
    """
    above = np.maximum(gain, 1)
    above *= above
    above *= above
    above -= 1
    fourth = brightest * brightest
    fourth *= fourth
    above *= fourth
    above += 1
    return np.asarray(1 / np.sqrt(np.sqrt(above)), np.float32)


def _encode(light: NDArray[np.float32], out: Pixels, top: int) -> None:
    """Write linear light (h, w, 3) display-encoded into rows of the picture's own kind; 8 bits are dithered.

    The dither is less than a step wide and depends on the pixel's place only; what keeps its light keeps its number.
    """
    if out.dtype == np.uint16:
        cv2.addWeighted(encode_transfer(np.clip(light, 0, 1)), 65535.0, light, 0.0, 0.0, dst=out, dtype=cv2.CV_16U)
        return
    steps = np.empty(light.shape, np.uint16)
    cv2.addWeighted(light, float(_TABLE_SIZE - 1), light, 0.0, 0.0, dst=steps, dtype=cv2.CV_16U)
    encoded = np.asarray(cv2.LUT(steps, _encoding_table()), np.float32)
    encoded += _dither(top, *light.shape[:2])
    cv2.addWeighted(encoded, 1.0, encoded, 0.0, 0.0, dst=out, dtype=cv2.CV_8U)


@cache
def _encoding_table() -> NDArray[np.float32]:
    """Tabulate the display-encoded value, 0..255, of evenly spaced linear light 0..1."""
    return encode_transfer(np.linspace(0, 1, _TABLE_SIZE, dtype=np.float32)) * np.float32(full_scale(np.uint8))


def _dither(top: int, height: int, width: int) -> NDArray[np.float32]:
    """Return noise (height, width, 1), -0.45 to 0.45, that repeats every 128 pixels."""
    tile = _dither_tile()
    rows = np.arange(top, top + height) % _DITHER_SIZE
    return np.tile(tile[rows], (1, width // _DITHER_SIZE + 1))[:, :width, None]


@cache
def _dither_tile() -> NDArray[np.float32]:
    drawn = np.random.default_rng(0).random((_DITHER_SIZE, _DITHER_SIZE), np.float32)
    return np.asarray((drawn - 0.5) * 0.9, np.float32)
