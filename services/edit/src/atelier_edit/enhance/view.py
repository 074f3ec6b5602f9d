"""The part of a portrait that is enhanced, at the size that it is worked on.

Detail of a face has a size in the face, not in pixels: a face of 1000 pixels between the pupils is looked at halved or
more, where pores are a few pixels wide and the noise of its finest pixels is averaged away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.color import decode_transfer, encode_transfer, luminance
from atelier_imaging.extent import bounds
from atelier_imaging.measures.reduced import reduced_light, reduction

if TYPE_CHECKING:
    from atelier_imaging.color import ColorSpace
    from atelier_imaging.picture import Picture
    from atelier_imaging.strips import PixelArray
    from numpy.typing import NDArray

# Tiles and pyramids begin at multiples of this many pixels of the view.
_GRID: Final = 16


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A window of a picture, reduced by a whole number.

    `rows` and `columns` are in pixels of the picture; `by` is the reduction; `linear` is float32 (h, w, 3), linear
    light; `lightness` is float32 (h, w), 0..1: the luminance on the curve of sRGB, in which equal steps look about
    equal.
    `interocular` is the distance between the pupils in pixels of the view.
    """

    rows: slice
    columns: slice
    by: int
    linear: NDArray[np.float32]
    lightness: NDArray[np.float32]
    interocular: float

    def within(self, top: int, height: int) -> ViewRows | None:
        """Return where some rows of the picture meet the view's window; None where they do not."""
        first, last = max(top, self.rows.start), min(top + height, self.rows.stop)
        if first >= last:
            return None
        return ViewRows(slice(first - top, last - top), self, first - self.rows.start)

    @property
    def shape(self) -> tuple[int, int]:
        """Return height and width of the view."""
        return self.lightness.shape[0], self.lightness.shape[1]

    def of(self, mask: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the view's part of a mask (H, W) of the picture, reduced as the view is: float32 (h, w)."""
        return self.resized(mask[self.rows, self.columns])

    def resized(self, plane: NDArray[np.float32]) -> NDArray[np.float32]:
        """Bring a plane that covers the window to the view's size, averaging."""
        if plane.shape == self.shape:
            return plane
        return np.asarray(cv2.resize(plane, self.shape[::-1], interpolation=cv2.INTER_AREA), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class ViewRows:
    """Rows of a strip that lie in a view's window: `rows` of the strip, from row `first` of the window on."""

    rows: slice
    view: View
    first: int

    def of(self, plane: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return a plane (h, w) or (h, w, n) over the view at the picture's size, these rows of it."""
        height, width = self.rows.stop - self.rows.start, self.view.columns.stop - self.view.columns.start
        if self.view.by == 1:
            return plane[self.first : self.first + height]
        # A pixel of the view is `by` pixels of the picture: their middles lie half a pixel of the view in.
        scale = 1 / self.view.by
        place = np.array([[scale, 0, 0.5 * scale - 0.5], [0, scale, (self.first + 0.5) * scale - 0.5]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(
            cv2.warpAffine(plane, place, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE), np.float32
        )


def view_of(picture: Picture, mask: NDArray[np.float32], interocular_pixels: float) -> View | None:
    """Look at the part of a picture where a mask (H, W) is above 0; None where that is nowhere."""
    by = reduction(interocular_pixels)
    window = bounds(mask, margin=_GRID * by)
    if window is None:
        return None
    # Whole squares of the reduction, so that every pixel of the view is the mean of as many pixels.
    rows, columns = (
        slice(part.start, part.start + max(1, (min(part.stop, side) - part.start) // by) * by)
        for part, side in zip(window, mask.shape, strict=True)
    )
    linear = reduced_light(picture.pixels[rows, columns], by)
    lightness = np.clip(encode_transfer(luminance(linear, picture.space)), 0, 1)
    return View(rows, columns, by, linear, np.asarray(lightness, np.float32), interocular_pixels / by)


def lightness_of(pixels: PixelArray | NDArray[np.float32], space: ColorSpace) -> NDArray[np.float32]:
    """Return the lightness (h, w), as `View` has it, of display-encoded pixels (h, w, 3)."""
    light = luminance(decode_transfer(np.ascontiguousarray(pixels)), space)
    return np.asarray(np.clip(encode_transfer(light), 0, 1), np.float32)
