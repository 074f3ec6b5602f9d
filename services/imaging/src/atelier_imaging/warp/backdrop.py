"""What stands behind a person: drawn where a person who moved uncovers it, left alone everywhere else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from atelier_imaging.guided import step
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
# What is further from a person than this, in reduced pixels, is backdrop. Its detail, in levels of 255, is things from
# the larger figure on, and grain below the smaller one.
_BEYOND: Final = 10.0
_DETAIL: Final = (9.0, 3.0)
# How much of mirrored things is shown, and how smoothly, in reduced pixels, the mirror follows a person's outline.
_HINT: Final = 0.4
_SMOOTH_EDGE: Final = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Backdrop:
    """The picture without its people, in reduced pixels, and how its full size is made of it.

    `tone` (h, w, 3) is the smooth backdrop, continued behind people; `known` (h, w) 0..1 where it is seen, and `mirror`
    (h, w, 2) how far off, in reduced pixels, the place lies that lends texture to what is not. `even` (h, w) is 1 where
    the backdrop next to people is even, 0 where it is full of detail.
    """

    pixels: Pixels
    tone: NDArray[np.float32]
    known: NDArray[np.float32]
    mirror: NDArray[np.float32]
    even: NDArray[np.float32]

    @classmethod
    def behind(cls, pixels: Pixels, person: NDArray[np.float32], margin_pixels: float) -> Backdrop:
        """Continue what is around a person behind it; `person` is float32 (H, W), 0..1, for pixels (H, W, 3).

        Within `margin_pixels` around the person there may be hair that the mask does not know; before a backdrop full
        of detail nobody could tell it, and the margin shrinks to nothing. Tones are continued smoothly, texture and
        grain are mirrored at the person's outline.
        """
        scale = min(1.0, _SMALL / max(pixels.shape[:2]))
        size = (max(2, round(pixels.shape[1] * scale)), max(2, round(pixels.shape[0] * scale)))
        small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.float32)
        mask = np.asarray(cv2.resize(person, size, interpolation=cv2.INTER_AREA), np.float32)
        away = cv2.distanceTransform((mask <= _SOMEBODY).astype(np.uint8), cv2.DIST_L2, 5)
        even = _evenness(small, np.asarray(away, np.float32), pixels)
        margin = np.maximum(margin_pixels * scale * even, 1.0)
        hidden = (away < margin).astype(np.uint8)
        known = np.asarray(1 - hidden, np.float32)
        tone = _smoothed(filled(small, known))
        return cls(pixels, tone, known, _mirrored(np.asarray(hidden, np.uint8)), even)

    def at(self, places: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the backdrop at places (n, 2), where a pixel's middle is at whole numbers: float32 (n, 3)."""
        small = self._reduced(places)
        hidden = self._read(self.known, small)[:, None] < 1
        lender = np.asarray(small + self._read(self.mirror, small) * hidden, np.float32)
        full = np.asarray((lender + 0.5) / self._ratio() - 0.5, np.float32)
        lent, tone = self._read(self.pixels, full), self._read(self.tone, small)
        known = self._read(self.known, lender)[:, None]
        continued = tone + (lent - self._read(self.tone, lender)) * known
        # Things that are mirrored keep their own tones, on those of another place they would be too dark or too bright,
        # and are only hinted at: a blurred place is seen less than half a star.
        hinted = tone + (lent - tone) * known * np.where(hidden, np.float32(_HINT), np.float32(1))
        return np.asarray(hinted + self.evenness(places)[:, None] * (continued - hinted), np.float32)

    def evenness(self, places: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return how even the backdrop is at places (n, 2), 0..1 (n,)."""
        return self._read(self.even, self._reduced(places))

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
        sources, share = coordinates[veiled], own[veiled][:, None]
        here, there = backdrop.at(places), backdrop.at(sources)
        even = backdrop.evenness(sources)[:, None]
        highest = np.float32(np.iinfo(drawn.dtype).max)
        # Before an even backdrop all that differs from it is the person, loose hair with it. Before things that nobody
        # can be sure of, the person is what the mask says, in colours that exist.
        loose = here + (drawn[veiled] - there) + share * (there - here)
        body = np.clip((drawn[veiled] - (1 - share) * there) / np.maximum(share, _NOBODY), 0, highest)
        firm = share * body + (1 - share) * here
        mixed = firm + even * (loose - firm)
        drawn[veiled] = np.clip(mixed + 0.5, 0, highest).astype(drawn.dtype)


def _evenness(small: NDArray[np.float32], away: NDArray[np.float32], pixels: Pixels) -> NDArray[np.float32]:
    """Return 1 where the backdrop next to a person is even, 0 where it is full of detail, (h, w)."""
    detail = np.abs(small - _smoothed(small)).max(axis=-1) * np.float32(255 / np.iinfo(pixels.dtype).max)
    beyond = np.asarray(away > _BEYOND, np.float32)
    around = filled(np.asarray(cv2.blur(detail, (9, 9)), np.float32), beyond)
    return step(np.asarray(cv2.GaussianBlur(around, (0, 0), _TONE_SIGMA), np.float32), *_DETAIL)


def _smoothed(tone: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(tone, (0, 0), _TONE_SIGMA), np.float32)


def _mirrored(hidden: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return how far each hidden pixel is from its mirror image beyond the edge of what is hidden, smoothly."""
    if not hidden.any() or hidden.all():
        return np.zeros((*hidden.shape, 2), np.float32)
    depth = np.asarray(cv2.distanceTransform(hidden, cv2.DIST_L2, 5), np.float32)
    down, across = np.gradient(cv2.GaussianBlur(depth, (0, 0), _SMOOTH_EDGE))
    steep = np.maximum(np.hypot(across, down), np.float32(0.2))
    # Two pixels further: at the very edge stands what is half somebody.
    outwards = np.stack([-across / steep, -down / steep], axis=-1) * (2 * depth + 2)[..., None]
    return np.asarray(outwards * hidden[..., None], np.float32)
