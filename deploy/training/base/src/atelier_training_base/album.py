"""The training set in memory: framed portraits and their mirror images, with all that a training step wants of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from atelier_generate.base.attributes import ATTRIBUTES, MIRRORED
from atelier_generate.base.frame import WIDTH
from atelier_training_upscale.photographs import is_held_out, load

from atelier_training_base.fitting import Fitted, fit, mirrored_points
from atelier_training_base.framing import framed

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from atelier_training_base.survey import Survey

# Photographs without colour stay out: their skin and hair have no tone.
_LEAST_COLOUR: Final = 8.0
_MOST_OFTEN: Final = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class Album:
    """N portraits, each beside its mirror image: pictures (N, H, W, 3) uint8, points (N, P, 2), attributes (N, A).

    Attributes are as measured, NaN where they could not be. `chances` (N,) sum to 1: rare sitters come more often.
    """

    pictures: NDArray[np.uint8]
    points: NDArray[np.float32]
    attributes: NDArray[np.float32]
    chances: NDArray[np.float64]


def album(survey: Survey, folder: Path, *, held_out: bool = False) -> Album:
    """Load the portraits that are trained on, or those that are held out."""
    rows = [
        row
        for row, name in enumerate(survey.names)
        if is_held_out(folder / str(name)) == held_out and survey.of("colour")[row] >= _LEAST_COLOUR
    ]
    cut = [framed(load(folder / str(survey.names[row])), survey.meshes[row]) for row in rows]
    pictures, points = np.stack([each for each, _ in cut]), np.stack([each for _, each in cut])
    attributes = np.stack([survey.of(name)[rows] for name in ATTRIBUTES], axis=1)
    signs = np.array([-1 if name in MIRRORED else 1 for name in ATTRIBUTES], np.float32)
    swapped = points[:, mirrored_points(points.mean(axis=0))] * (-1, 1) + (WIDTH, 0)
    return Album(
        np.concatenate([pictures, pictures[:, :, ::-1]]),
        np.concatenate([points, swapped]).astype(np.float32),
        np.concatenate([attributes, attributes * signs]),
        np.tile(_chances(attributes), 2) / 2,
    )


def _chances(attributes: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return how often each is drawn: the rarer its age, sex and skin together, the more, up to fourfold."""
    age, woman, ita = (attributes[:, ATTRIBUTES.index(name)] for name in ("age_years", "womanhood", "skin_ita_degrees"))
    kind = np.digitize(age, (44, 58)) * 6 + (woman > 0.5) * 3 + np.digitize(np.nan_to_num(ita, nan=38.0), (12, 28))
    counts = np.bincount(kind, minlength=18)[kind]
    often = np.minimum((counts.max() / counts) ** 0.6, _MOST_OFTEN)
    return np.asarray(often / often.sum(), np.float64)


def fitted(portraits: Album) -> Fitted:
    """Fit shape and texture to an album."""
    return fit(portraits.pictures, portraits.points, portraits.chances)
