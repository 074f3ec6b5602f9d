"""The person apart from the background, with edges as fine as the picture's.

The segmenter sees 256 x 256 pixels of the whole picture, stretched to a square as in its training; faces that are small
in the picture are shown to it a second time from close by. The guided filter then brings its soft outline to the
picture's edges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from atelier_imaging.crop import Crop, sample_batch
from atelier_imaging.faceframe import to_bytes, unit_pixels
from atelier_imaging.guided import GuidedFilter, evaluate
from atelier_imaging.models import PERSON_SEGMENTER
from atelier_imaging.topology import LEFT_IRIS, RIGHT_IRIS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from atelier_imaging.face import Face
    from atelier_imaging.models import ModelRunner
    from atelier_imaging.vips import Pixels

INPUT_SIZE: Final = 256
# A face whose pupils are closer than this share of the longer edge is looked at again from close by, a few at most.
_CLOSE_UP_BELOW: Final = 0.1
_MOST_CLOSE_UPS: Final = 8
# A close-up's side and its middle below the eyes, in distances of the pupils: head and shoulders.
_CLOSE_UP_SIDE: Final = 7.0
_CLOSE_UP_BELOW_EYES: Final = 0.8
_GUIDE_LENGTH: Final = 400
_GUIDE_RADIUS: Final = 5
_GUIDE_EPSILON: Final = 1e-3


def segment_person(pixels: Pixels, faces: Sequence[Face], models: ModelRunner) -> NDArray[np.float32]:
    """Return how much of every pixel (H, W, 3) is person, float32 (H, W), 0..1."""
    close_ups = _close_ups(pixels, faces)
    whole = cv2.resize(pixels, (INPUT_SIZE, INPUT_SIZE), interpolation=cv2.INTER_AREA)
    batch = [np.asarray(whole, np.float32)[None] / np.float32(np.iinfo(pixels.dtype).max)]
    if close_ups:
        batch.append(sample_batch(pixels, close_ups, INPUT_SIZE))
    masks = models.infer(PERSON_SEGMENTER, {"image": np.concatenate(batch)})["mask"][..., 0]
    guide = _guide(pixels)
    rough = np.asarray(cv2.resize(masks[0], guide.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32)
    for crop, mask in zip(close_ups, masks[1:], strict=True):
        _insert(rough, mask, crop, guide.shape[1] / pixels.shape[1])
    fit = GuidedFilter(guide, _GUIDE_RADIUS, _GUIDE_EPSILON).coefficients(rough)
    return evaluate(fit, pixels, certain=(0.12, 0.88))


def _close_ups(pixels: Pixels, faces: Sequence[Face]) -> list[Crop]:
    crops = []
    for face in faces[:_MOST_CLOSE_UPS]:
        unit = unit_pixels(face)
        if unit < _CLOSE_UP_BELOW * max(pixels.shape[:2]):
            x, y = (float(value) for value in face.mesh[[LEFT_IRIS[0], RIGHT_IRIS[0]], :2].mean(axis=0))
            crops.append(Crop(x, y + _CLOSE_UP_BELOW_EYES * unit, _CLOSE_UP_SIDE * unit))
    return crops


def _insert(rough: NDArray[np.float32], mask: NDArray[np.float32], crop: Crop, scale: float) -> None:
    """Lay a close-up's mask into the whole picture's, fading over to it along its border."""
    size = mask.shape[0]
    fade = np.minimum(np.arange(size) + 0.5, np.arange(size)[::-1] + 0.5) / (0.15 * size)
    weight = np.clip(np.minimum(fade[:, None], fade[None]), 0, 1).astype(np.float32)
    matrix = crop.matrix(size) * scale
    matrix[:, 2] += matrix[:, :2] @ (0.5, 0.5) - 0.5
    flags, extent = cv2.INTER_LINEAR, rough.shape[1::-1]
    placed = cv2.warpAffine(mask, matrix, extent, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    share = cv2.warpAffine(weight, matrix, extent, flags=flags, borderMode=cv2.BORDER_CONSTANT)
    rough += share * (placed - rough)


def _guide(pixels: Pixels) -> NDArray[np.float32]:
    height, width = pixels.shape[:2]
    scale = min(1.0, _GUIDE_LENGTH / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return to_bytes(np.asarray(small)).astype(np.float32) / np.float32(255)
