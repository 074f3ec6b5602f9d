"""A face encoder: which network it is, what it wants to see, and what its distances mean.

All of it stands in one JSON file per encoder, written by its calibration (`deploy/training/identity`). The default
encoder's lies beside this module; another one is named by its path.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from atelier_imaging.identity.calibration import Calibration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

DEFAULT_ENCODER: Final = "face_encoder"


@dataclass(frozen=True, slots=True, eq=False)
class Encoder:
    """What is known of a face encoder.

    `model` is its name in the model catalogue, `size` the side of the square it takes. `mesh_points` are indices of
    the face mesh and `template` float64 (points, 2) says where each lies in that square, both from 0 to 1, x first.
    `normalise` says that embeddings are brought to length 1 before they are compared. `calibration` is None for one
    that was never calibrated.
    """

    model: str
    size: int
    mesh_points: tuple[int, ...]
    template: NDArray[np.float64]
    normalise: bool
    calibration: Calibration | None


@functools.cache
def load_encoder(name: str = DEFAULT_ENCODER) -> Encoder:
    """Return the encoder of that name, or the one that a JSON file describes.

    Raises FileNotFoundError for neither, ValueError for a file that does not describe one.
    """
    text = Path(name).read_text(encoding="utf-8") if name.endswith(".json") else _packaged(name)
    try:
        return _encoder(json.loads(text))
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"{name} does not describe a face encoder: {error!r}") from error


def _packaged(name: str) -> str:
    return resources.files("atelier_imaging.identity").joinpath(f"encoders/{name}.json").read_text(encoding="utf-8")


def _encoder(said: Mapping[str, object]) -> Encoder:
    alignment, curve = said["alignment"], said.get("calibration")
    if not isinstance(alignment, list) or not isinstance(said["size"], int) or len(alignment) < 2:
        raise ValueError("a face encoder needs a size and at least two points to be aligned on")
    template = np.array([point["at"] for point in alignment], np.float64)
    template.flags.writeable = False
    return Encoder(
        model=str(said["model"]),
        size=said["size"],
        mesh_points=tuple(point["mesh"] for point in alignment),
        template=template,
        normalise=bool(said["normalise"]),
        calibration=Calibration.read(curve) if isinstance(curve, dict) else None,
    )
