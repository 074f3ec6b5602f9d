"""A person laid over what is behind, strip by strip.

A picture's light is four to twelve times as large as the picture: a strip of it fits the processor's cache, and several
are drawn at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging import color

from atelier_lens.defocus import Discs, unit_and_reach
from atelier_lens.encode import encoded
from atelier_lens.layers import Mixture
from atelier_lens.scaling import enlarged

if TYPE_CHECKING:
    from atelier_imaging.vips import Pixels
    from numpy.typing import NDArray

    from atelier_lens.layers import Colours, Planes
    from atelier_lens.radii import Radii

_ROWS: Final = 128


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What is laid over what.

    `pixels` (H, W, 3) are the picture's, `share` (H, W) the person's matte, `gains` (3,) factors on the person's linear
    light, `radii` None where all of the person is sharp. `behind` is out of focus already: three planes of linear
    light, reduced `by`.
    """

    pixels: Pixels
    share: NDArray[np.float32]
    colours: Colours
    gains: NDArray[np.float32]
    radii: Radii | None
    blades: int
    behind: Planes
    by: int

    @property
    def strips(self) -> list[slice]:
        """Return the rows of each strip."""
        rows = max(_ROWS, self._unit_and_reach[0])
        return [slice(top, min(top + rows, len(self.share))) for top in range(0, len(self.share), rows)]

    def drawn(self, rows: slice) -> tuple[Pixels, NDArray[np.bool_]]:
        """Return the picture (h, W, 3) of one strip's rows, and where it may differ from the source (h, W)."""
        whole = (rows, slice(0, self.share.shape[1]))
        mixed: Planes = [enlarged(plane, self.by, whole) for plane in self.behind]
        changed = self.share[rows] < 1
        if (window := self._window(rows)) is not None:
            radius = self.radii.within(window) if self.radii is not None else None
            own = slice(rows.start - window[0].start, rows.stop - window[0].start)
            self._lay(mixed, window, own, radius)
            if radius is not None:
                changed[:, window[1]] |= radius[own] > 0
        return encoded(mixed, self.pixels.dtype), changed

    def _lay(self, mixed: Planes, window: tuple[slice, slice], own: slice, radius: NDArray[np.float32] | None) -> None:
        """Lay the person within a window over a strip's planes; `own` are the strip's rows in the window."""
        near, columns = self.share[window], window[1]
        discs = Discs(radius, self.blades) if radius is not None else None
        mixture = Mixture(near, self.colours, window[0].start, columns.start)
        through = 1 - (discs.drawn(near) if discs else near)[own]
        for index, (channel, under) in enumerate(zip(cv2.split(self.pixels[window]), mixed, strict=True)):
            light = mixture.person(color.decode_transfer(np.asarray(channel, self.pixels.dtype)), index)
            light *= near
            light *= self.gains[index]
            under[:, columns] *= through
            under[:, columns] += (discs.drawn(light) if discs else light)[own]

    def _window(self, rows: slice) -> tuple[slice, slice] | None:
        """Return the part of the picture that a strip's person is drawn from; None where nobody is."""
        unit, reach = self._unit_and_reach
        high = slice(max(0, rows.start - reach), min(len(self.share), rows.stop + reach))
        x, _, width, _ = cv2.boundingRect((self.share[high] > 0).view(np.uint8))
        if not width:
            return None
        return high, slice(max(0, x - reach) // unit * unit, min(self.share.shape[1], x + width + reach))

    @property
    def _unit_and_reach(self) -> tuple[int, int]:
        return unit_and_reach(self.radii.most) if self.radii is not None else (1, 0)
