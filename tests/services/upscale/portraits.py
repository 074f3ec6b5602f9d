"""Portraits whose analysis is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from atelier_imaging.face import Box, Expression, Face, Gaze, HeadPose
from atelier_imaging.picture import Picture
from atelier_imaging.portrait import Portrait
from atelier_service.models.fake import FakeModels

from tests.services.upscale.networks import no_face

if TYPE_CHECKING:
    from atelier_imaging.region import Region
    from numpy.typing import NDArray


class Known(Portrait):
    """A portrait with one face whose mesh is given; every region is `share`, or all of the picture."""

    def __init__(
        self,
        pixels: NDArray[np.uint8],
        by: float = 1.0,
        interocular: float = 60.0,
        share: NDArray[np.float32] | None = None,
    ) -> None:
        super().__init__(Picture.from_array(pixels), FakeModels({"face_detector": no_face}))
        self._share = np.ones(pixels.shape[:2], np.float32) if share is None else share
        y, x = np.mgrid[0:478, 0:1]
        mesh = np.hstack([20 + y % 60, 30 + y // 8, x]).astype(np.float32) * by
        box = Box(*(int(by * each) for each in (10, 10, 100, 100)))
        gaze = Gaze(0.0, 0.0)
        pose, expression = HeadPose(0.0, 0.0, 0.0), Expression(0.3, 0.3, 0.0, 0.0)
        self._known = Face(0, box, 0.9, mesh, pose, gaze, gaze, expression, interocular * by)

    @property
    def faces(self) -> tuple[Face, ...]:
        return (self._known,)

    def mask(self, region: Region, face: Face | None = None) -> NDArray[np.float32]:  # noqa: ARG002
        return self._share
