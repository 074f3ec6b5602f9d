"""Networks that are functions: each looks a few pixels around, as ours do, and is plain enough to know its answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from atelier_service.models.fake import FakeModels

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atelier_service.models.backend import Arrays
    from atelier_service.models.fake import Answer
    from numpy.typing import NDArray


def sharpening(factor: int, amount: float = 1.0) -> Answer:
    """Answer the detail that an unsharp mask adds; it reaches five pixels of the input."""

    def answer(inputs: Mapping[str, NDArray[np.float32]]) -> Arrays:
        return {"detail": np.stack([_unsharp(each, factor) * np.float32(amount) for each in inputs["image"]])}

    return answer


def smoothing(factor: int) -> Answer:
    """Answer the whole picture, blurred: a network that takes noise away."""

    def answer(inputs: Mapping[str, NDArray[np.float32]]) -> Arrays:
        return {"enlarged": np.stack([_blurred(each, factor) for each in inputs["image"]])}

    return answer


def repeating(factor: int) -> Answer:
    """Answer the whole picture with each pixel repeated: as poor an upscaler as there is."""

    def answer(inputs: Mapping[str, NDArray[np.float32]]) -> Arrays:
        return {"enlarged": inputs["image"].repeat(factor, axis=1).repeat(factor, axis=2)}

    return answer


def no_face(inputs: Mapping[str, NDArray[np.float32]]) -> Arrays:
    """Answer as a detector that finds nothing."""
    count = len(inputs["image"])
    return {"boxes": np.zeros((count, 896, 16), np.float32), "scores": np.full((count, 896, 1), -100, np.float32)}


def upscalers() -> FakeModels:
    """Make the four networks of the house, faithful ones that sharpen and restoring ones that smooth."""
    answers: dict[str, Answer] = {"face_detector": no_face}
    for factor in (2, 4):
        answers[f"upscaler_faithful_x{factor}"] = sharpening(factor)
        answers[f"upscaler_restore_x{factor}"] = smoothing(factor)
    return FakeModels(answers)


def _unsharp(picture: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    detail = picture - np.asarray(cv2.GaussianBlur(picture, (7, 7), 1.5), np.float32)
    return _larger(detail, factor)


def _blurred(picture: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    return _larger(np.asarray(cv2.GaussianBlur(picture, (9, 9), 2.0), np.float32), factor)


def _larger(picture: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    size = (picture.shape[1] * factor, picture.shape[0] * factor)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR), np.float32)
