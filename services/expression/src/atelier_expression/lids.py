"""Open and close eyes: the lids slide, the skin around them follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from atelier_imaging.guided import step
from atelier_imaging.topology import FACE_POINTS, LEFT_EYE, RIGHT_EYE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Points = NDArray[np.float32]

# Of a change of the opening, the share that the upper lid makes.
_UPPER_SHARE: Final = 0.86
# How far above the upper and below the lower lid skin follows, over the eye's width, and beyond the corners.
_ABOVE: Final = 0.42
_BELOW: Final = 0.45
_BESIDE: Final = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class Eye:
    """One eye's own axes in the head's frame: where points are along it and above it, over its width.

    `along` (468,) is 0 and 1 at the corners; `above` (468,) counts from the corners' line; `upper` and `lower` (468,)
    are the lids' heights at each point's place along the eye; `width` is in the head's units.
    """

    along: NDArray[np.float32]
    above: NDArray[np.float32]
    upper: NDArray[np.float32]
    lower: NDArray[np.float32]
    up: NDArray[np.float32]
    width: float

    @classmethod
    def of(cls, head: Points, outline: tuple[int, ...]) -> Eye:
        """Measure the eye with that closed outline (outer corner first, the lower lid next) on a face (468, 3)."""
        outer, inner = head[outline[0], :2], head[outline[8], :2]
        axis = inner - outer
        width = max(float(np.linalg.norm(axis)), 1e-6)
        axis = axis / np.float32(width)
        up = np.array([-axis[1], axis[0]], np.float32)
        up = up if up[1] > 0 else -up
        local = (head[:FACE_POINTS, :2] - outer) @ np.stack([axis, up], axis=1) / np.float32(width)
        lower = local[list(outline[:9])]
        upper = local[[outline[0], *outline[:7:-1]]]
        heights = [np.interp(local[:, 0], lid[:, 0], lid[:, 1]).astype(np.float32) for lid in (upper, lower)]
        return cls(local[:, 0], local[:, 1], heights[0], heights[1], up, width)

    def moved(self, upper: NDArray[np.float32] | float, lower: NDArray[np.float32] | float) -> Points:
        """Return the displacement (468, 3) of lids that go up by `upper` and `lower` eye widths."""
        middle = (self.upper + self.lower) / 2
        above = step(self.above - self.upper, _ABOVE, 0.0)
        below = step(self.lower - self.above, _BELOW, 0.0)
        inside = np.maximum(-self.along, self.along - 1)
        share = np.where(self.above >= middle, above * upper, below * lower) * step(inside, _BESIDE, 0.0)
        flat = share[:, None] * self.up * np.float32(self.width)
        return np.concatenate([flat, np.zeros((len(flat), 1))], axis=1).astype(np.float32)

    def opened(self, factor: float) -> Points:
        """Return the displacement of lids whose opening becomes `factor` times what it is."""
        change = (self.upper - self.lower) * np.float32(factor - 1)
        return self.moved(change * np.float32(_UPPER_SHARE), change * np.float32(_UPPER_SHARE - 1))

    def followed(self, upper: float, lower: float) -> Points:
        """Return the displacement of lids that follow the eye up by so many eye widths, most in their middle."""
        opening = self.upper - self.lower
        profile = np.clip(opening / max(float(opening.max()), 1e-6), 0, 1)
        return self.moved(profile * np.float32(upper), profile * np.float32(lower))


def eyes(head: Points) -> tuple[Eye, Eye]:
    """Measure the subject's left and right eye."""
    return Eye.of(head, LEFT_EYE), Eye.of(head, RIGHT_EYE)
