"""Edits put back into their source.

Whatever an operation does, what it hands out is the source with something added inside a mask: outside the mask the
pixels are the source's own, byte for byte, and where an edit changes nothing neither does the composite.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from atelier_imaging import color
from atelier_imaging.extent import bounds, require_same_shape
from atelier_imaging.transfer import quantised
from atelier_imaging.working import strips

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_imaging.vips import Pixels

# Over this part of the mask's rise a multiband blend, whose low bands reach beyond the mask, goes to nothing.
_FADE = 0.25


def composite(source: Pixels, edited: Pixels, mask: NDArray[np.float32]) -> Pixels:
    """Lay an edit over its source where a mask says so, in linear light.

    `source` and `edited` are (height, width, 3), display-encoded in one space, of one type; `mask` is float32
    (height, width), 0..1, the share of the edit: light adds up so at a hair that covers half a pixel. Where the mask is
    0 the result is the source's own, where it is 1 the edit's own, and where both agree it is theirs.

    Raises ValueError where sizes differ.
    """
    require_same_shape(source, edited, mask)
    result = source.copy()
    window = bounds(mask)
    if window is None:
        return result
    inside = result[window]
    for rows in strips(inside.shape[0]):
        _mix(inside[rows], edited[window][rows], mask[window][rows])
    return result


def multiband(source: Pixels, edited: Pixels, mask: NDArray[np.float32], levels: int = 5) -> Pixels:
    """Lay an edit over its source where a mask says so, each band of detail over a width of its own.

    Arguments are those of `composite`; `levels` is the number of octaves, from 1. Coarse differences, of tone, fade
    over up to 2 ** levels pixels, fine ones, of texture, over few: neither a step nor a doubled edge remains. It works
    on display-encoded numbers, in which equal steps look about equal, so that dark and light sides fade alike.

    Burt and Adelson: A multiresolution spline with application to image mosaics. ACM TOG 2 (1983). The pyramid
    is linear, so blending the two pictures is adding the blended pyramid of their difference, which is 0 where they
    agree.
    """
    require_same_shape(source, edited, mask)
    result = source.copy()
    window = bounds(mask, margin=2**levels)
    if window is None:
        return result
    share = mask[window].astype(np.float32, copy=False)
    own = color.to_float(source[window])
    added = _blended(color.to_float(edited[window]) - own, share, levels)
    own += added * np.clip(share / _FADE, 0, 1)[..., None]
    mixed = quantised(own, source.dtype.itemsize * 8)
    np.copyto(result[window], mixed, where=share[..., None] > 0)
    return result


def feathered(mask: NDArray[np.float32], width_pixels: float) -> NDArray[np.float32]:
    """Soften the edge of a mask, following its shape: from 0 at the edge to 1 at `width_pixels` inside it.

    `mask` is (height, width), inside where it is above 0.5. Nothing is added outside, so that a face-shaped mask stays
    within the face. The rise is a smoothstep, which has no corner that could be seen.
    """
    inside = (mask > 0.5).astype(np.uint8)
    # The middle of the outermost pixel inside lies half a pixel from the edge.
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 5) - 0.5
    share = np.clip(depth / max(width_pixels, 0.5), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), dtype=np.float32)


def _mix(result: Pixels, edited: Pixels, mask: NDArray[np.float32]) -> None:
    """Write a strip's blend into `result`, which holds the source."""
    partial = (mask > 0) & (mask < 1)
    if partial.any():
        share = mask[..., None]
        light = color.decode_transfer(edited)
        own = color.decode_transfer(result)
        light -= own
        light *= share
        light += own
        mixed = quantised(color.encode_transfer(light), result.dtype.itemsize * 8)
        np.copyto(result, mixed, where=partial[..., None])
    np.copyto(result, edited, where=(mask >= 1)[..., None])


def _blended(difference: NDArray[np.float32], share: NDArray[np.float32], levels: int) -> NDArray[np.float32]:
    """Return the Laplacian pyramid of a difference, weighed by the Gaussian pyramid of a mask, put together again."""
    if levels == 0 or min(share.shape) < 2:
        return difference * share[..., None]
    size = share.shape[::-1]
    coarse = cv2.pyrDown(difference)
    fine = (difference - cv2.pyrUp(coarse, dstsize=size)) * share[..., None]
    below = _blended(np.asarray(coarse, np.float32), np.asarray(cv2.pyrDown(share), np.float32), levels - 1)
    return np.asarray(fine + cv2.pyrUp(below, dstsize=size), dtype=np.float32)
