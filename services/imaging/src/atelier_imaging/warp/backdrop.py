"""What stands behind a person: drawn where a person who moved uncovers it, left alone everywhere else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from atelier_imaging.warp.fill import filled
from atelier_imaging.warp.resample import enlarged, reductions, sample, sampled, windows

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from atelier_imaging.vips import Pixels
    from atelier_imaging.warp.flow import Flow
    from atelier_imaging.warp.resample import AnyPixels

# The longer edge of the reduced picture on which the backdrop's tones are continued behind the person.
_SMALL: Final = 360
# A mask above this is somebody.
_SOMEBODY: Final = 0.03
# Finer than this, in reduced pixels, is texture; coarser is tone.
_TONE_SIGMA: Final = 4.0
_NOBODY: Final = 1 / 255
_SHEET: Final = 256
_HALF: Final = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Backdrop:
    """The picture without its people, in reduced pixels, and how its full size is made of it.

    `tone` (h, w, 3) is the smooth backdrop, continued behind people; `known` (h, w) 0..1 where it is seen, and `mirror`
    (h, w, 2) how far off, in reduced pixels, the place lies that lends texture to what is not.
    """

    pixels: Pixels
    tone: NDArray[np.float32]
    known: NDArray[np.float32]
    mirror: NDArray[np.float32]

    @classmethod
    def behind(cls, pixels: Pixels, person: NDArray[np.float32], margin_pixels: float) -> Backdrop:
        """Continue what is around a person behind it; `person` is float32 (H, W), 0..1, for pixels (H, W, 3).

        Within `margin_pixels` around the person there may be hair that the mask does not know. Tones are continued
        smoothly, texture and grain are mirrored at the person's outline.
        """
        scale = min(1.0, _SMALL / max(pixels.shape[:2]))
        size = (max(2, round(pixels.shape[1] * scale)), max(2, round(pixels.shape[0] * scale)))
        small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.float32)
        mask = np.asarray(cv2.resize(person, size, interpolation=cv2.INTER_AREA), np.float32)
        away = cv2.distanceTransform((mask <= _SOMEBODY).astype(np.uint8), cv2.DIST_L2, 5)
        hidden = (away < max(margin_pixels * scale, 1.0)).astype(np.uint8)
        known = np.asarray(1 - hidden, np.float32)
        tone = _smoothed(filled(small, known))
        return cls(pixels, tone, known, _mirrored(np.asarray(hidden, np.uint8)))

    def at(self, places: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the backdrop at places (n, 2), where a pixel's middle is at whole numbers: float32 (n, 3)."""
        small = self._reduced(places)
        seen = self._read(self.known, small)[:, None]
        lender = np.asarray(small + self._read(self.mirror, small) * (1 - seen), np.float32)
        full = np.asarray((lender + 0.5) / self._ratio() - 0.5, np.float32)
        texture = self._read(self.pixels, full) - self._read(self.tone, lender)
        return np.asarray(self._read(self.tone, small) + texture * self._read(self.known, lender)[:, None], np.float32)

    def near(self, flow: Flow) -> NDArray[np.float32]:
        """Return for every node of a grid (rows, columns), 0..1, whether people or their margin are there or were."""
        nodes = flow.grid.nodes()
        here, there = (
            sample(self.known, self._reduced(np.asarray(places - np.float32(0.5), np.float32)), cv2.INTER_LINEAR)
            for places in (nodes, nodes + flow.offset)
        )
        return np.asarray(1 - np.minimum(here, there), np.float32)

    def _ratio(self) -> NDArray[np.float64]:
        return np.divide(self.tone.shape[1::-1], self.pixels.shape[1::-1])

    def _reduced(self, places: NDArray[np.float32]) -> NDArray[np.float32]:
        ratio = self._ratio().astype(np.float32)
        reduced = places * ratio
        reduced += np.float32(0.5) * ratio - np.float32(0.5)
        return np.asarray(reduced, np.float32)

    @staticmethod
    def _read(values: AnyPixels, places: NDArray[np.float32]) -> NDArray[np.float32]:
        # OpenCV draws no more than 32,766 rows at once: fold the list into a sheet.
        rows = -(-len(places) // _SHEET)
        sheet = np.zeros((rows * _SHEET, 2), np.float32)
        sheet[: len(places)] = places
        found = sample(values, sheet.reshape(rows, _SHEET, 2), cv2.INTER_LINEAR)
        return np.asarray(found.reshape(rows * _SHEET, *found.shape[2:])[: len(places)], np.float32)


def resample_person(
    pixels: Pixels,
    flow: Flow,
    person: NDArray[np.float32],
    margin_pixels: float,
    check: Callable[[], None] = lambda: None,
) -> Pixels:
    """Draw pixels (H, W, 3) through a flow that moves a person, and what is behind the person unmoved.

    At a hair that covers a share of its pixel, the backdrop that shines through is exchanged for the one behind its new
    place: with the share a and the backdrop B, the moved pixel aF + (1 - a)B(from) becomes aF + (1 - a)B(to). Beyond
    `margin_pixels` around where the person was and is, the source's own pixels stay.
    """
    result = pixels.copy()
    backdrop = Backdrop.behind(pixels, person, margin_pixels)
    near, many = backdrop.near(flow), reductions(flow)
    for part, coordinates, moved in windows(flow, pixels.shape[:2]):
        check()
        moved &= enlarged(near, flow.grid, part, cv2.INTER_LINEAR) > 0
        used = np.flatnonzero(moved.any(axis=0))
        if len(used):
            columns = slice(int(used[0]), int(used[-1]) + 1)
            places = np.ascontiguousarray(coordinates[:, columns])
            at = (part[0], slice(part[1].start + columns.start, part[1].start + columns.stop))
            reduced = None if many is None else enlarged(many, flow.grid, at, cv2.INTER_LINEAR) > _HALF
            drawn = sampled(pixels, places, reduced)
            own = sample(person, places, cv2.INTER_LINEAR)
            _exchange(drawn, backdrop, places, own, moved[:, columns], at)
            np.copyto(result[at], drawn, where=moved[:, columns, None])
    return result


def _exchange(
    drawn: Pixels,
    backdrop: Backdrop,
    coordinates: NDArray[np.float32],
    own: NDArray[np.float32],
    moved: NDArray[np.bool_],
    at: tuple[slice, slice],
) -> None:
    """Exchange the backdrop that shines through what moved; `own` is how much person is where it comes from."""
    veiled = moved & (own < 1 - _NOBODY)
    y, x = np.nonzero(veiled)
    if len(y):
        places = np.stack([x + at[1].start, y + at[0].start], axis=-1).astype(np.float32)
        exchanged = backdrop.at(places) - backdrop.at(coordinates[veiled])
        mixed = drawn[veiled] + (1 - own[veiled])[:, None] * exchanged
        drawn[veiled] = np.clip(mixed + 0.5, 0, np.iinfo(drawn.dtype).max).astype(drawn.dtype)


def _smoothed(tone: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(tone, (0, 0), _TONE_SIGMA), np.float32)


def _mirrored(hidden: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return how far each hidden pixel is from its mirror image at the nearest edge of what is hidden."""
    if not hidden.any() or hidden.all():
        return np.zeros((*hidden.shape, 2), np.float32)
    _, labels = cv2.distanceTransformWithLabels(hidden, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    rows, columns = np.nonzero(hidden == 0)
    nearest = np.zeros((int(labels.max()) + 1, 2), np.float32)
    nearest[labels[rows, columns]] = np.stack([columns, rows], axis=-1)
    own = np.stack(np.meshgrid(*(np.arange(n, dtype=np.float32) for n in hidden.shape[::-1])), axis=-1)
    return np.asarray(cv2.GaussianBlur(2 * (nearest[labels] - own), (0, 0), 1.5), np.float32)
