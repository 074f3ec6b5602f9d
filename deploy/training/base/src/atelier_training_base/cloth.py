"""Where the sitters of portraits wear cloth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_generate.base.frame import HEIGHT, WIDTH
from atelier_imaging.picture import Picture
from atelier_imaging.portrait import Portrait
from atelier_imaging.region import Region

if TYPE_CHECKING:
    from collections.abc import Iterable

    from atelier_imaging.models import ModelRunner
    from numpy.typing import NDArray

# The cells, in pixels of the frame, that cloth is kept by.
CELL: Final = 8
# Portraits are looked at twice as large as they are framed, and only below this share of the frame.
_LARGER: Final = 2
_BELOW: Final = 0.6


def cloth(pictures: Iterable[NDArray[np.uint8]], models: ModelRunner) -> NDArray[np.float32]:
    """Return how much of each cell of framed portraits (HEIGHT, WIDTH, 3) is cloth, (N, HEIGHT/8, WIDTH/8), 0..1.

    It is what is of the person and neither hair nor skin.
    """
    return np.stack([_cloth(picture, models) for picture in pictures])


def fit_cloth(textures: NDArray[np.float32], cells: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return cells (T + 1, h, w) whose sum, weighted by a texture (T,) and 1, is nearest to `cells` (N, h, w)."""
    given = np.column_stack([textures, np.ones(len(textures), np.float32)])
    found = np.linalg.lstsq(given, cells.reshape(len(cells), -1), rcond=None)[0]
    return np.asarray(found.reshape(-1, *cells.shape[1:]), np.float32)


def _cloth(picture: NDArray[np.uint8], models: ModelRunner) -> NDArray[np.float32]:
    size = (_LARGER * WIDTH, _LARGER * HEIGHT)
    larger = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC), np.uint8)
    portrait = Portrait(Picture.from_array(larger), models)
    person, hair, skin = (portrait.mask(each) for each in (Region.PERSON, Region.HAIR, Region.SKIN))
    found = np.clip(person - hair - skin, 0, 1)
    found[: round(_BELOW * len(found))] = 0
    cells = cv2.resize(found, (WIDTH // CELL, HEIGHT // CELL), interpolation=cv2.INTER_AREA)
    return np.asarray(cells, np.float32)
