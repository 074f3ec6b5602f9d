"""From pixels to measured faces: detector, mesh, iris, pose, gaze, expression."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from atelier_imaging.face import Face
    from atelier_imaging.models import ModelRunner
    from atelier_imaging.picture import Picture


def analyse(picture: Picture, models: ModelRunner) -> tuple[Face, ...]:
    """Find and measure every face of a picture, the largest first."""
    raise NotImplementedError
