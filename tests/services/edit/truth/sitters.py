"""Portraits to sculpt, analysed by the installed models in this process."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import numpy as np
from atelier_imaging.color import decode_transfer, luminance
from atelier_imaging.decode import decode
from atelier_imaging.portrait import Portrait
from atelier_imaging.region import Region
from atelier_models.home import default_home
from atelier_service.cancellation import Cancellation
from atelier_service.models.in_process import InProcessModels
from atelier_service.models.per_call import CallModels

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from atelier_imaging.models import ModelRunner
    from atelier_imaging.picture import Picture

# What is sculpted was lit evenly, or its own shadows would be taken for the sitter's colour: cheeks within a quarter.
_EVEN = 0.22
_TURNED_DEGREES = 15.0
_SMALLEST_INTEROCULAR = 48.0


def models() -> ModelRunner:
    """Return the installed models."""
    backend = InProcessModels(default_home() / "models")
    return CallModels(backend, cancellation=Cancellation(), deadline=time.monotonic() + 24 * 3600)


def analysed(picture: Picture, runner: ModelRunner) -> Portrait:
    """Return the portrait of a picture."""
    return Portrait(picture, runner)


def sitters(paths: Sequence[Path], count: int, runner: ModelRunner) -> list[Path]:
    """Choose portraits for sculpting: evenly lit, facing the lens, from dark skin to light in even steps."""
    angles = {path: angle for path in paths if (angle := _typology_angle(path, runner)) is not None}
    chosen: list[Path] = []
    for goal in np.linspace(min(angles.values()), max(angles.values()), min(count, len(angles))):
        left = [path for path in angles if path not in chosen]
        chosen.append(min(left, key=lambda path: abs(angles[path] - goal)))
    return chosen


def _typology_angle(path: Path, runner: ModelRunner) -> float | None:
    """Return the skin's individual typology angle, or None where the portrait does not suit."""
    portrait = Portrait(decode(path.read_bytes()), runner)
    if len(portrait.faces) != 1:
        return None
    face = portrait.faces[0]
    if abs(face.pose.yaw_degrees) > _TURNED_DEGREES or face.interocular_pixels < _SMALLEST_INTEROCULAR:
        return None
    light = luminance(decode_transfer(portrait.picture.pixels), portrait.picture.space)
    sides = [
        float(np.average(light, weights=portrait.mask(region, face) + np.float32(1e-9)))
        for region in (Region.LEFT_CHEEK, Region.RIGHT_CHEEK)
    ]
    return portrait.ita_degrees(face) if abs(math.log(sides[0] / sides[1])) < _EVEN else None
