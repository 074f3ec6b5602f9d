"""What is measured on every portrait before anything is learnt: where its face lies and what a control would call it.

The measures are those that a control is later judged by, so that asking and measuring mean the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

import numpy as np
from atelier_imaging.color import ColorSpace, decode_transfer, luminance, rgb_to_lab
from atelier_imaging.identity.embedding import embed
from atelier_imaging.impression import impressions
from atelier_imaging.picture import Picture
from atelier_imaging.portrait import Portrait
from atelier_imaging.region import Region
from atelier_imaging.topology import FACE_OVAL, LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from atelier_imaging.face import Face
    from atelier_imaging.models import ModelRunner
    from numpy.typing import NDArray

MEASURES: Final = (
    "age_years",
    "womanhood",
    "smile",
    "mouth_open",
    "eye_open",
    "skin_ita_degrees",
    "skin_lightness",
    "hair_lightness",
    "hair_chroma",
    "hair_share",
    "beard",
    "glasses",
    "light_log_ratio",
    "yaw_degrees",
    "pitch_degrees",
    "background_lightness",
    "background_a",
    "background_b",
    "colour",
)
_CERTAIN: Final = 0.7
_FEWEST_PIXELS: Final = 30


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """What is known of N portraits.

    `meshes` (N, 478, 2) float32 in pixels of the picture, `measures` (N, len(MEASURES)) float32 with NaN where a thing
    could not be measured, `embeddings` (N, length) float32. `names` are the files'.
    """

    names: NDArray[np.str_]
    meshes: NDArray[np.float32]
    measures: NDArray[np.float32]
    embeddings: NDArray[np.float32]

    def of(self, measure: str) -> NDArray[np.float32]:
        """Return one measure (N,) of all portraits."""
        return self.measures[:, MEASURES.index(measure)]

    def write(self, path: Path) -> None:
        """Write it as an npz."""
        np.savez_compressed(path, **{each.name: getattr(self, each.name) for each in fields(self)})

    @classmethod
    def read(cls, path: Path) -> Survey:
        """Read what `write` wrote."""
        with np.load(path) as stored:
            return cls(**{each.name: stored[each.name] for each in fields(cls)})


@dataclass(frozen=True, slots=True, eq=False)
class Sitting:
    """What is known of one portrait; see `Survey`."""

    mesh: NDArray[np.float32]
    measures: NDArray[np.float32]
    embedding: NDArray[np.float32]


def survey(pictures: Sequence[tuple[str, NDArray[np.uint8]]], models: ModelRunner) -> Survey:
    """Measure named pictures (H, W, 3) uint8 sRGB; those without a face are left out."""
    found = [(name, look(pixels, models)) for name, pixels in pictures]
    kept = [(name, sitting) for name, sitting in found if sitting is not None]
    return Survey(
        np.array([name for name, _ in kept]),
        np.stack([sitting.mesh for _, sitting in kept]),
        np.stack([sitting.measures for _, sitting in kept]),
        np.stack([sitting.embedding for _, sitting in kept]),
    )


def look(pixels: NDArray[np.uint8], models: ModelRunner) -> Sitting | None:
    """Measure one picture (H, W, 3) uint8 sRGB; None where there is no face."""
    portrait = Portrait(Picture.from_array(pixels), models)
    if not portrait.faces:
        return None
    face = portrait.faces[0]
    seen = impressions(pixels, [face], models)[0]
    values = {
        "age_years": seen.age_years,
        "womanhood": 1 - seen.male,
        "smile": face.expression.smile,
        "mouth_open": face.expression.mouth_open,
        "eye_open": (face.expression.left_eye_open + face.expression.right_eye_open) / 2,
        "yaw_degrees": face.pose.yaw_degrees,
        "pitch_degrees": face.pose.pitch_degrees,
        **_colours(portrait, face),
        "glasses": bridge_contrast(pixels, face),
    }
    measures = np.array([values[name] for name in MEASURES], np.float32)
    return Sitting(face.mesh[:, :2].astype(np.float32), measures, embed(pixels, [face], models)[0])


def _colours(portrait: Portrait, face: Face) -> dict[str, float]:
    lab = rgb_to_lab(portrait.picture.pixels, ColorSpace.SRGB)
    light = luminance(decode_transfer(portrait.picture.pixels), ColorSpace.SRGB)

    def mean(region: Region, plane: NDArray[np.float32]) -> float:
        inside = portrait.mask(region, face) > _CERTAIN
        return float(np.median(plane[inside])) if inside.sum() >= _FEWEST_PIXELS else math.nan

    oval = face.mesh[list(FACE_OVAL), :2]
    face_area = float(np.ptp(oval[:, 0]) * np.ptp(oval[:, 1]))
    ita = portrait.ita_degrees(face)
    left, right = mean(Region.LEFT_CHEEK, light), mean(Region.RIGHT_CHEEK, light)
    hair_a, hair_b = mean(Region.HAIR, lab[..., 1]), mean(Region.HAIR, lab[..., 2])
    background = portrait.mask(Region.BACKGROUND) > _CERTAIN
    tone = lab[background].mean(axis=0) if background.any() else np.full(3, np.nan)
    return {
        "skin_ita_degrees": math.nan if ita is None else ita,
        "skin_lightness": (mean(Region.LEFT_CHEEK, lab[..., 0]) + mean(Region.RIGHT_CHEEK, lab[..., 0])) / 2,
        "hair_lightness": mean(Region.HAIR, lab[..., 0]),
        "hair_chroma": math.hypot(hair_a, hair_b),
        "hair_share": float(portrait.mask(Region.HAIR, face).sum()) / face_area,
        "beard": _beard(lab[..., 0], face),
        "light_log_ratio": math.log2(left / right) if min(left, right) > 0 else math.nan,
        "background_lightness": float(tone[0]),
        "background_a": float(tone[1]),
        "background_b": float(tone[2]),
        "colour": float(np.percentile(np.hypot(lab[..., 1], lab[..., 2]), 90)),
    }


# Points of the chin and the jaw where a beard grows, and of the cheeks beside the nose at the same light.
_CHIN: Final = (199, 200, 175, 171, 396, 140, 369, 208, 428)
_CHEEKS: Final = (205, 425, 50, 280, 36, 266)


def _beard(lightness: NDArray[np.float32], face: Face) -> float:
    """Return how much darker (positive) or lighter the chin is than the cheeks, in L*."""
    return _median_at(lightness, face, _CHEEKS) - _median_at(lightness, face, _CHIN)


def _median_at(plane: NDArray[np.float32], face: Face, points: Sequence[int]) -> float:
    height, width = plane.shape
    x, y = np.floor(face.mesh[list(points), :2]).astype(int).T
    return float(np.median(plane[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)]))


def bridge_contrast(pixels: NDArray[np.uint8], face: Face) -> float:
    """Return the strongest edge across the bridge of the nose over the skin's brightness: glasses have one there."""
    import cv2

    x, y = np.meshgrid(np.arange(-0.08, 0.08, 0.008), np.arange(0.16, -0.18, -0.008))
    own = np.array([(-0.5, 0.0), (0.5, 0.0), (0.0, -0.62)], np.float32)
    corners = face.mesh[[RIGHT_EYE_CORNERS[0], LEFT_EYE_CORNERS[0], 2], :2]
    matrix = cv2.getAffineTransform(own, np.ascontiguousarray(corners, np.float32))
    places = (np.stack([x, y], axis=-1) @ matrix[:, :2].T + matrix[:, 2] - 0.5).astype(np.float32)
    drawn = cv2.remap(pixels, places[..., 0], places[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    grey = np.asarray(drawn, np.float32).mean(axis=-1)
    edges = np.abs(np.gradient(grey.mean(axis=1))) / max(float(np.median(grey)), 1.0) * (0.1 / 0.008)
    return float(edges.max())
