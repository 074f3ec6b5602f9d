"""What networks take a face for: its expression, its apparent age and sex.

Impressions, each with its uncertainty; never facts about a person, and no ground to decide anything about one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from atelier_imaging.crop import Crop, sample_batch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from atelier_imaging.face import Face
    from atelier_imaging.models import ModelRunner
    from atelier_imaging.vips import Pixels

FACE_EXPRESSION: Final = "face_expression"
FACE_AGE: Final = "face_age"
EXPRESSIONS: Final = ("neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised")

INPUT_SIZE: Final = 112
# The networks learnt from boxes around brows, jaw and chin, a fifth wider than these.
_OUTLINE: Final = (105, 334, 66, 296, 152, 234, 454, 172, 397)
_MARGIN: Final = 1.2
# The published mean error of the age, 4.54 years, as a standard deviation of normal errors.
AGE_DEVIATION_YEARS: Final = 4.54 * math.sqrt(math.pi / 2)


@dataclass(frozen=True, slots=True)
class Impression:
    """How a face reads.

    `expression` has a probability for each of `EXPRESSIONS`, `expression_deviation` the largest half difference between
    the face and its mirror image. `age_years` comes with its standard deviation; `male` is the probability that the
    face reads as male rather than female.
    """

    expression: Mapping[str, float]
    expression_deviation: float
    age_years: float
    age_deviation_years: float
    male: float


def impressions(pixels: Pixels, faces: Sequence[Face], models: ModelRunner) -> list[Impression]:
    """Return how faces of one picture, display-encoded RGB (H, W, 3), read; each also seen in the mirror.

    Raises what `ModelRunner.infer` raises; ModelNotInstalledError where a network is missing.
    """
    if not faces:
        return []
    drawn = sample_batch(pixels, [_crop(face) for face in faces], INPUT_SIZE)
    both = np.ascontiguousarray(np.concatenate([drawn, drawn[:, :, ::-1]]))
    kinds = models.infer(FACE_EXPRESSION, {"image": both})["probabilities"]
    answer = models.infer(FACE_AGE, {"image": both})
    count = len(faces)
    return [
        _impression(kinds[[i, i + count]], answer["age"][[i, i + count], 0], answer["sex"][[i, i + count], 0])
        for i in range(count)
    ]


def _impression(kinds: NDArray[np.float32], ages: NDArray[np.float32], male: NDArray[np.float32]) -> Impression:
    """Join what was said of a face and of its mirror image: each first axis is 2."""
    half = float(np.abs(ages[0] - ages[1])) / 2
    return Impression(
        expression=dict(zip(EXPRESSIONS, kinds.mean(axis=0).tolist(), strict=True)),
        expression_deviation=float(np.abs(kinds[0] - kinds[1]).max()) / 2,
        age_years=float(ages.mean()),
        age_deviation_years=math.hypot(AGE_DEVIATION_YEARS, half),
        male=float(male.mean()),
    )


def _crop(face: Face) -> Crop:
    """Return the upright square around brows, jaw and chin."""
    roll = math.radians(face.pose.roll_degrees)
    cos, sin = math.cos(roll), math.sin(roll)
    axes = np.array([[cos, sin], [-sin, cos]])
    turned = face.mesh[list(_OUTLINE), :2] @ axes.T
    low, high = turned.min(axis=0), turned.max(axis=0)
    x, y = axes.T @ ((low + high) / 2)
    return Crop(float(x), float(y), _MARGIN * float((high - low).max()), roll)
