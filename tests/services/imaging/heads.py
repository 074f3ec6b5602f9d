"""Heads whose geometry is known, and networks that see them: what the analysis is tested with when no model is there.

A scene is a picture whose red and green channels count its columns and rows. Whatever crop a network is shown, the
crop's place in the picture can be read off its colours, so that the networks here answer as true ones would, from the
heads that the scene is said to hold.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from atelier_imaging import topology
from atelier_imaging.detector import anchors
from atelier_imaging.picture import Picture

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

# The symmetric mean mesh (468, 3) of the portraits that the pose is calibrated on (docs/adr/0026): x right, y up, z
# towards the lens, in distances between the outer eye corners.
MEAN_MESH = np.load(Path(__file__).with_name("mean_mesh.npy"))
# Points of the mesh at the detector's six: eyes (by their inner corners), nose, mouth, ears.
_DETECTED = (133, 362, 4, 13, 234, 454)
_LIDS = {
    False: (33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173),
    True: (263, 249, 390, 373, 374, 380, 381, 382, 362, 466, 388, 387, 386, 385, 384, 398),
}
_IRISES = {False: topology.RIGHT_IRIS, True: (473, 476, 475, 474, 477)}


def rotation(pitch: float = 0.0, yaw: float = 0.0, roll: float = 0.0) -> NDArray[np.float64]:
    """Return the turn of a head in degrees: pitched (lifted), then turned to its left, then rolled to its left."""
    p, y, r = np.radians([-pitch, yaw, -roll])
    about_x = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_z = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x)


def head(
    x: float, y: float, width: float, gaze: tuple[float, float] = (0.0, 0.0), **turn: float
) -> NDArray[np.float32]:
    """Return the mesh (478, 3) of a mean head as `Face.mesh` has it.

    The middle of its eyes lies at a pixel, its outer eye corners are `width` pixels apart when it faces the lens.
    `gaze` shifts the irises to its left and up from where they rest, as shares of an eye's width.
    """
    points = np.concatenate([MEAN_MESH, np.zeros((10, 3))])
    for iris, (outer, inner), side in (
        (topology.LEFT_IRIS, topology.LEFT_EYE_CORNERS, 1),
        (topology.RIGHT_IRIS, topology.RIGHT_EYE_CORNERS, -1),
    ):
        eye = float(np.linalg.norm(points[outer, :2] - points[inner, :2]))
        middle = (points[outer] + points[inner]) / 2 + np.array([0.055 * side + gaze[0], 0.072 + gaze[1], 0]) * eye
        rim = 0.2 * eye * np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0]])
        points[list(iris)] = middle + rim
        points[list(iris), 2] = points[list(_LIDS[side > 0]), 2].mean()
    turned = (points * width) @ rotation(**turn).T
    turned -= turned[[topology.LEFT_EYE_CORNERS[0], topology.RIGHT_EYE_CORNERS[0]]].mean(axis=0)
    return np.asarray(turned * (1, -1, 1) + (x, y, 0), np.float32)


def scene(width: int = 400, height: int = 300) -> Picture:
    """Return a 16-bit picture whose red counts columns and whose green counts rows; its blue is full."""
    pixels = np.empty((height, width, 3), np.uint16)
    pixels[..., 0] = np.round((np.arange(width) + 0.5) / width * 65535)
    pixels[..., 1] = np.round((np.arange(height) + 0.5) / height * 65535)[:, None]
    pixels[..., 2] = 65535
    return Picture.from_array(pixels)


@dataclass(slots=True)
class SeeingModels:
    """Networks that see the given heads (478, 3) in a `scene`; `hidden` ones are detected and fit no mesh.

    `calls` lists every run: the model's name and the size of its batch. A detector of theirs sees faces from a tenth of
    its crop on, with a score (logit) of `certainty`.
    """

    picture: Picture
    heads: list[NDArray[np.float32]]
    hidden: frozenset[int] = frozenset()
    certainty: float = 4.0
    calls: list[tuple[str, int]] = field(default_factory=list)

    def infer(self, model: str, inputs: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        """Run one of the four models of the catalogue."""
        images = inputs["image"]
        self.calls.append((model, len(images)))
        assert images.dtype == np.float32
        batch = (images + np.float32(1)) / np.float32(2) if model == "face_detector" else images
        answer = {
            "face_detector": self._detect,
            "face_mesh": self._mesh,
            "iris": self._iris,
            "person_segmenter": self._segment,
        }[model]
        answers = [answer(image) for image in batch]
        return {name: np.stack([each[name] for each in answers]).astype(np.float32) for name in answers[0]}

    def _to_crop(self, image: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the map (2, 3) from the picture to a crop, read from the crop's colours."""
        size = image.shape[0]
        rows, columns = np.mgrid[:size, :size] + 0.5
        seen = image[..., 2] > 0.999
        ones = np.ones(int(seen.sum()))
        places = image[seen][:, :2] * (self.picture.width, self.picture.height)
        source = np.column_stack([places, ones])
        solution, *_ = np.linalg.lstsq(source, np.column_stack([columns[seen], rows[seen]]), rcond=None)
        return np.asarray(solution.T)

    def _detect(self, image: NDArray[np.float32]) -> dict[str, NDArray[np.float64]]:
        boxes, scores = np.zeros((896, 16)), np.full((896, 1), -20.0)
        place = self._to_crop(image)
        for mesh in self.heads:
            points = mesh[:, :2] @ place[:, :2].T + place[:, 2]
            low, high = points[:468].min(axis=0), points[:468].max(axis=0)
            middle, side = (low + high) / 2, float((high - low).max())
            if not 12.8 <= side <= 115 or (middle < 0).any() or (middle > 128).any():
                continue
            best = int(np.argmin(np.linalg.norm(anchors() * 128 - middle, axis=1)))
            offset = anchors()[best] * 128
            boxes[best] = [*(middle - offset), side, side, *(points[list(_DETECTED)] - offset).ravel()]
            scores[best] = self.certainty
        return {"boxes": boxes, "scores": scores}

    def _mesh(self, image: NDArray[np.float32]) -> dict[str, NDArray[np.float64]]:
        place = self._to_crop(image)
        scale = float(np.sqrt(abs(np.linalg.det(place[:, :2]))))
        flat = [mesh[:468, :2] @ place[:, :2].T + place[:, 2] for mesh in self.heads]
        nearest = int(np.argmin([np.linalg.norm(points.mean(axis=0) - 96) for points in flat]))
        points = np.column_stack([flat[nearest], -self.heads[nearest][:468, 2] * scale])
        return {"points": points.ravel(), "presence": np.array([-5.0 if nearest in self.hidden else 5.0])}

    def _iris(self, image: NDArray[np.float32]) -> dict[str, NDArray[np.float64]]:
        place = self._to_crop(image)
        mirrored = bool(np.linalg.det(place[:, :2]) < 0)
        lids, iris = list(_LIDS[mirrored]), list(_IRISES[mirrored])
        flat = [mesh[:, :2] @ place[:, :2].T + place[:, 2] for mesh in self.heads]
        points = min(flat, key=lambda points: float(np.linalg.norm(points[lids].mean(axis=0) - 32)))
        eye = np.zeros((71, 3))
        eye[:16, :2] = points[lids]
        return {"eye": eye.ravel(), "iris": np.column_stack([points[iris], np.zeros(5)]).ravel()}

    def _segment(self, image: NDArray[np.float32]) -> dict[str, NDArray[np.float64]]:
        """Call everything a person that is within two eye widths of a head's eyes, or below it."""
        size = image.shape[0]
        place = self._to_crop(image)
        rows, columns = np.mgrid[:size, :size] + 0.5
        mask = np.zeros((size, size))
        for mesh in self.heads:
            middle = place[:, :2] @ mesh[[33, 263], :2].mean(axis=0) + place[:, 2]
            reach = float(np.linalg.norm(place[:, :2] @ (mesh[263, :2] - mesh[33, :2]))) * 1.6
            beside, below = np.abs(columns - middle[0]), rows - middle[1]
            mask[(beside**2 + np.minimum(below, 0) ** 2) < reach**2] = 1
        return {"mask": mask[..., None]}
