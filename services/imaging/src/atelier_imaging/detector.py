"""Faces as rough boxes: decoding of the short-range BlazeFace detector and the search for small faces.

The network looks at 128 x 128 pixels and finds faces from about a tenth of that width, so a large picture is searched
in finer overlapping tiles too, while the largest face is a small one. Method and constants:
Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", 2019, and MediaPipe's
`face_detection_short_range` graph (anchors, score clipping, suppression by weighted averages).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from atelier_imaging.crop import Crop, sample_batch
from atelier_imaging.face import Box
from atelier_imaging.models import FACE_DETECTOR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_imaging.models import ModelRunner
    from atelier_imaging.vips import Pixels

INPUT_SIZE: Final = 128
MIN_SCORE: Final = 0.5
_LARGEST_LOGIT: Final = 100.0
_SUPPRESSION_OVERLAP: Final = 0.3

# The side of each level's tiles, and how wide a face makes the level needless, as shares of the picture's longer edge.
# A view shows faces from about a tenth of its width on, so everybody who is at least three fifths as large as the
# largest is found.
_LEVELS: Final = ((1.0, math.inf), (0.6, 1 / 6), (0.25, 0.1))
# Neighbouring tiles share a third, more than the widest face that the coarser level can have missed.
_TILE_STRIDE: Final = 0.67
_SMALLEST_TILE: Final = 96
# A find below this score is looked at again in a square of so many times its width, where a true face scores high.
_SURE_SCORE: Final = 0.75
_CONFIRMING_SCORE: Final = 0.6
_SECOND_LOOK: Final = 3.5
_LARGEST_BATCH: Final = 64


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """A rough face: box, score (0..1) and six points (6, 2) in pixels of the picture.

    The points are the subject's right eye, left eye, the nose tip, the mouth's middle, the right and the left ear.
    """

    box: Box
    score: float
    keypoints: NDArray[np.float32]


def detect(pixels: Pixels, models: ModelRunner) -> tuple[Detection, ...]:
    """Find faces in display-encoded RGB pixels (H, W, 3), the largest first."""
    height, width = pixels.shape[:2]
    longest = max(height, width)
    rows = np.zeros((0, 17), np.float32)
    for share, wide_enough in _LEVELS:
        tile = longest * share
        if share < 1 and (_widest(rows) >= wide_enough * longest or tile < _SMALLEST_TILE):
            break
        rows = suppress(np.concatenate([rows, _search(pixels, tiles(width, height, tile), models)]))
    rows = _confirm(pixels, rows, models)
    order = np.argsort(-(rows[:, 3] * rows[:, 4]), kind="stable")
    return tuple(_detection(rows[i]) for i in order)


def tiles(width: int, height: int, side: float) -> tuple[Crop, ...]:
    """Cover a picture with overlapping upright squares."""
    return tuple(Crop(x, y, side) for y in _tile_centres(height, side) for x in _tile_centres(width, side))


def anchors() -> NDArray[np.float32]:
    """Return the middles (896, 2) of the detector's anchors in crop fractions.

    Two anchors a cell on a 16 x 16 grid, then six a cell on an 8 x 8 grid.
    """
    grids = []
    for cells, count in ((16, 2), (8, 6)):
        line = (np.arange(cells, dtype=np.float32) + 0.5) / cells
        x, y = np.meshgrid(line, line)
        grids.append(np.repeat(np.stack([x.ravel(), y.ravel()], axis=1), count, axis=0))
    return np.concatenate(grids)


def decode(boxes: NDArray[np.float32], scores: NDArray[np.float32], crops: tuple[Crop, ...]) -> NDArray[np.float32]:
    """Turn raw network output (N, 896, 16) and (N, 896, 1) into rows of score, box and points in picture pixels.

    A row (17,) is: score, centre x, centre y, width, height, six points. Rows below `MIN_SCORE` are left out.
    """
    logits = np.clip(scores[..., 0], -_LARGEST_LOGIT, _LARGEST_LOGIT)
    crop_index, anchor_index = np.nonzero(logits >= np.log(MIN_SCORE / (1 - MIN_SCORE)))
    raw = boxes[crop_index, anchor_index] / INPUT_SIZE
    sides = np.array([crop.side for crop in crops], np.float32)[crop_index, None]
    corners = np.array([(crop.x - crop.side / 2, crop.y - crop.side / 2) for crop in crops], np.float32)[crop_index]
    middles = anchors()[anchor_index]
    points = raw.reshape(-1, 8, 2).copy()
    points[:, [0, 2, 3, 4, 5, 6, 7]] += middles[:, None]
    points *= sides[:, None]
    points[:, [0, 2, 3, 4, 5, 6, 7]] += corners[:, None]
    probability = 1 / (1 + np.exp(-logits[crop_index, anchor_index]))
    return np.concatenate([probability[:, None], points.reshape(-1, 16)], axis=1).astype(np.float32)


def suppress(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Merge overlapping rows of `decode` into their average weighted by score, the surest first."""
    kept = []
    rest = rows[np.argsort(-rows[:, 0], kind="stable")]
    while len(rest):
        same = _overlap(rest[0], rest) > _SUPPRESSION_OVERLAP
        same[0] = True
        group = rest[same]
        merged = np.average(group, axis=0, weights=group[:, 0])
        merged[0] = group[0, 0]
        kept.append(merged)
        rest = rest[~same]
    return np.array(kept, np.float32).reshape(-1, rows.shape[1])


def _search(pixels: Pixels, crops: tuple[Crop, ...], models: ModelRunner) -> NDArray[np.float32]:
    found = []
    for start in range(0, len(crops), _LARGEST_BATCH):
        part = crops[start : start + _LARGEST_BATCH]
        image = sample_batch(pixels, part, INPUT_SIZE) * np.float32(2) - np.float32(1)
        raw = models.infer(FACE_DETECTOR, {"image": image})
        found.append(decode(raw["boxes"], raw["scores"], part))
    return suppress(np.concatenate(found))


def _confirm(pixels: Pixels, rows: NDArray[np.float32], models: ModelRunner) -> NDArray[np.float32]:
    """Look at weak finds again, closely and all at once; keep those that a second look agrees with."""
    weak = rows[:, 0] < _SURE_SCORE
    if not weak.any():
        return rows
    crops = tuple(Crop(float(row[1]), float(row[2]), _SECOND_LOOK * float(row[3])) for row in rows[weak])
    again = _search(pixels, crops, models)
    again = again[again[:, 0] >= _CONFIRMING_SCORE]
    agreed = [row for row in again if _overlap(row, rows[weak]).max() > _SUPPRESSION_OVERLAP]
    return suppress(np.concatenate([rows[~weak], np.array(agreed, np.float32).reshape(-1, rows.shape[1])]))


def _tile_centres(length: int, side: float) -> NDArray[np.float64]:
    if length <= side:
        return np.array([length / 2])
    count = int(np.ceil((length - side) / (_TILE_STRIDE * side))) + 1
    return np.linspace(side / 2, length - side / 2, count)


def _widest(rows: NDArray[np.float32]) -> float:
    return float(rows[:, 3].max()) if len(rows) else 0.0


def _overlap(row: NDArray[np.float32], rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return intersection over union of one row's box with many."""
    low = np.maximum(row[1:3] - row[3:5] / 2, rows[:, 1:3] - rows[:, 3:5] / 2)
    high = np.minimum(row[1:3] + row[3:5] / 2, rows[:, 1:3] + rows[:, 3:5] / 2)
    shared = np.prod(np.clip(high - low, 0, None), axis=1)
    union = np.prod(row[3:5]) + np.prod(rows[:, 3:5], axis=1) - shared
    return np.asarray(shared / np.maximum(union, np.float32(1e-9)), np.float32)


def _detection(row: NDArray[np.float32]) -> Detection:
    x, y, width, height = (float(value) for value in row[1:5])
    return Detection(Box(x - width / 2, y - height / 2, width, height), float(row[0]), row[5:].reshape(6, 2))
