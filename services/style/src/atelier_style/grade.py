"""Grade a picture: stray light, a lookup table, and skin that keeps its own colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from atelier_imaging.color import ColorSpace, decode_transfer, encode_transfer, lab_to_linear, linear_to_lab

from atelier_style.halation import Halation, Vignette
from atelier_style.lut import Lut

if TYPE_CHECKING:
    from atelier_imaging.strips import PixelArray
    from numpy.typing import NDArray

    from atelier_style.cube import Cube


@dataclass(frozen=True, slots=True, eq=False)
class GradeRecipe:
    """All that decides a grade, strength worked in already.

    `cube` is the colour part, None for none. `skin` is the soft mask (H, W), 0..1, of the skin to protect, None for
    none; `protect_skin`, `halation` and `vignette` are 0..1.
    """

    cube: Cube | None = None
    skin: NDArray[np.float32] | None = None
    protect_skin: float = 0.0
    halation: float = 0.0
    vignette: float = 0.0

    @property
    def is_neutral(self) -> bool:
        """Tell whether it leaves every picture as it is."""
        return self.cube is None and self.halation == 0.0 and self.vignette == 0.0


class GradeStage:
    """A pass stage that grades the rows of `pixels`."""

    def __init__(self, recipe: GradeRecipe, pixels: PixelArray, space: ColorSpace) -> None:
        height, width = pixels.shape[:2]
        self._space = space
        self._lut = Lut(recipe.cube) if recipe.cube is not None else None
        self._light: list[Halation | Vignette] = []
        if recipe.vignette > 0.0:
            self._light.append(Vignette(height, width, recipe.vignette))
        if recipe.halation > 0.0:
            self._light.append(Halation(pixels, space, recipe.halation))
        self._skin = recipe.skin if recipe.protect_skin > 0.0 else None
        self._protect = np.float32(recipe.protect_skin)

    def __call__(self, rows: NDArray[np.float32], top: int) -> None:
        """Grade display-encoded `rows`, float32 (h, w, 3), in place."""
        if self._light:
            linear = decode_transfer(rows)
            for light in self._light:
                light(linear, top)
            rows[...] = encode_transfer(linear)
        if self._lut is None:
            return
        if self._skin is None:
            self._lut(rows, top)
            return
        skin = self._skin[top : top + len(rows)]
        where = skin > 0.0
        own = rows[where]
        self._lut(rows, top)
        rows[where] = keep_hue_and_chroma(rows[where], own, skin[where] * self._protect, self._space)


def keep_hue_and_chroma(
    graded: NDArray[np.float32], own: NDArray[np.float32], share: NDArray[np.float32], space: ColorSpace
) -> NDArray[np.float32]:
    """Give graded colours a share of their own a* and b* back, at the graded L*.

    Colours are display-encoded float32 (n, 3), `share` is (n,) 0..1. Own chroma is taken in proportion to lightness, so
    that skin which the grade darkens does not turn gaudy.
    """
    if not len(graded):
        return graded
    lab = linear_to_lab(decode_transfer(graded), space)
    kept = linear_to_lab(decode_transfer(own), space)
    scale = np.clip((lab[:, 0] + 16.0) / (kept[:, 0] + 16.0), 0.5, 1.15)
    lab[:, 1:] += share[:, None] * (kept[:, 1:] * scale[:, None] - lab[:, 1:])
    return np.clip(encode_transfer(np.clip(lab_to_linear(lab, space), 0.0, 1.0)), 0.0, 1.0)
