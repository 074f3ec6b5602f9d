"""A portrait whose analysis is known: one face, drawn, with the masks that it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from atelier_imaging.face import Box, Expression, Face, Gaze, HeadPose
from atelier_imaging.picture import Picture
from atelier_imaging.portrait import Portrait
from atelier_imaging.region import Region
from atelier_service.models.fake import FakeModels

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atelier_service.models.backend import Arrays
    from numpy.typing import NDArray

SIDE = 256
# Encoded sRGB of skin of ITA 43 or so, and of the wall behind.
SKIN, WALL = (205, 160, 135), (90, 110, 130)


def face(index: int = 0, interocular: float = 60.0, yaw: float = 0.0) -> Face:
    """Make a face in the middle of a picture."""
    return Face(
        index=index,
        box=Box(64, 48, 128, 160),
        confidence=0.9,
        mesh=np.zeros((478, 3), np.float32),
        pose=HeadPose(0.0, yaw, 0.0),
        left_gaze=Gaze(0.0, 0.0),
        right_gaze=Gaze(0.0, 0.0),
        expression=Expression(0.3, 0.3, 0.0, 0.0),
        interocular_pixels=interocular,
    )


def disc(side: int = SIDE) -> NDArray[np.float32]:
    """Make a soft round mask, 0 outside and 1 inside."""
    y, x = np.mgrid[:side, :side] + 0.5 - side / 2
    return np.asarray(np.clip((side * 0.3 - np.hypot(x, y)) / 12, 0, 1), np.float32)


def drawn(skin: tuple[int, int, int] = SKIN, *, noise: float = 4.0, side: int = SIDE) -> NDArray[np.uint8]:
    """Draw a round face before a wall, with some texture."""
    rng = np.random.default_rng(0)
    mask = disc(side)[..., None]
    picture = mask * np.array(skin) + (1 - mask) * np.array(WALL)
    shading = 1 + 0.1 * np.linspace(-1, 1, side)[None, :, None]
    return np.asarray(np.clip(picture * shading + rng.normal(0, noise, (side, side, 3)), 0, 255), np.uint8)


class KnownPortrait(Portrait):
    """A portrait that needs no models."""

    def __init__(self, picture: Picture, faces: tuple[Face, ...] = (face(),)) -> None:
        super().__init__(picture, FakeModels({"face_detector": no_face}))
        self._known = faces

    @property
    def faces(self) -> tuple[Face, ...]:
        """Return the faces that were given."""
        return self._known

    def mask(self, region: Region, face: Face | None = None) -> NDArray[np.float32]:  # noqa: ARG002
        """Return the disc for skin, its core for cheeks and forehead, nothing for all else."""
        mask = disc(self.picture.width)
        if region is Region.SKIN:
            return mask
        if region in (Region.FOREHEAD, Region.LEFT_CHEEK, Region.RIGHT_CHEEK):
            return np.asarray(mask == 1, np.float32)
        return np.zeros_like(mask)


def known(pixels: NDArray[np.uint8 | np.uint16] | None = None, *faces: Face) -> KnownPortrait:
    """Make a portrait of pixels, or of the drawn face."""
    return KnownPortrait(Picture.from_array(drawn() if pixels is None else pixels), faces or (face(),))


def no_face(inputs: Mapping[str, NDArray[np.float32]]) -> Arrays:
    """Answer as a detector that finds nothing."""
    count = len(inputs["image"])
    return {"boxes": np.zeros((count, 896, 16), np.float32), "scores": np.full((count, 896, 1), -100, np.float32)}
