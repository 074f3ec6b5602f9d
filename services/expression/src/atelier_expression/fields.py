"""Which way every point of a face goes when it smiles, opens its jaw, raises its brows or tightens.

The fields of smile, jaw and brows are measured (`measure_fields.py`): slopes of a regression over hundreds of
portraits, so that cheeks, nostrils, lower lids and the folds beside the mouth go along as they do on people. All live
in the head's own frame (x to the picture's right, y up, z towards the lens), in distances of the outer eye corners.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final

import numpy as np
from atelier_imaging.guided import step
from atelier_imaging.topology import LIPS_INNER, LIPS_OUTER, MOUTH_CORNERS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Points = NDArray[np.float32]

# By how much a control of 1 changes what it is measured by: corner lift and lip distance over the mouth's width, and
# the brows' height.
SMILE_RATIO: Final = 0.075
JAW_RATIO: Final = 0.10
BROW_HEIGHT: Final = 0.055
# A corner that moves alone, without the cheeks, lifts by this share of a smile's, within this distance.
_CORNER_SHARE: Final = 0.6
_CORNER_REACH: Final = 0.24
# Tension: brows come down and in, lips press, the chin rises: shares of the brows' field and the lips, and lengths.
_BROWS_DOWN: Final = 0.6
_BROWS_IN: Final = 0.016
_LIPS_PRESSED: Final = 0.28
_CHIN_UP: Final = 0.018
# Of the gap between the lips, what always remains: what shows in a thinner line is no mouth any more.
_GAP: Final = 0.35


def smile(head: Points) -> Points:
    """Return the displacement (468, 3) of a full smile of a face (468, 3)."""
    field = _measured()["smile"] * np.float32(SMILE_RATIO)
    return np.asarray(field * (1 - step(head[:, 1], 0.02, 0.2))[:, None], np.float32)


def jaw(head: Points) -> Points:
    """Return the displacement of a jaw that opens by its full control; the upper face stays."""
    field = _measured()["jaw"] * np.float32(JAW_RATIO)
    return np.asarray(field * (1 - step(head[:, 1], -0.45, -0.2))[:, None], np.float32)


def brows(head: Points) -> Points:
    """Return the displacement of brows that rise by their full control, forehead and lid fold following."""
    field = _measured()["brows"] * np.float32(BROW_HEIGHT)
    raised = step(head[:, 1], 0.03, 0.15) * (1 - step(head[:, 1], 0.4, 0.62))
    return np.asarray(field * (raised * (1 - step(np.abs(head[:, 0]), 0.62, 0.8)))[:, None], np.float32)


def corners(head: Points) -> Points:
    """Return the displacement of mouth corners that rise alone."""
    away = np.min([np.linalg.norm(head - head[corner], axis=1) for corner in MOUTH_CORNERS], axis=0)
    share = np.float32(_CORNER_SHARE) * np.exp(-((away / _CORNER_REACH) ** 2) * 2)
    field = smile(head) * share[:, None]
    field[:, 0] *= np.float32(0.4)
    return np.asarray(field, np.float32)


def tension(head: Points) -> Points:
    """Return the displacement of a face that tightens: brows down and together, lips pressed, chin raised."""
    field = np.float32(-_BROWS_DOWN) * brows(head)
    inner = step(head[:, 1], 0.05, 0.15) * (1 - step(head[:, 1], 0.3, 0.5)) * (1 - step(np.abs(head[:, 0]), 0.2, 0.5))
    field[:, 0] -= np.float32(_BROWS_IN) * inner * np.clip(head[:, 0] / 0.12, -1, 1)
    field[:, 1] += pressed(head)
    chin = np.exp(-((head[:, 0] / 0.25) ** 2) - ((head[:, 1] - head[17, 1] + 0.15) / 0.16) ** 2)
    field[:, 1] += np.float32(_CHIN_UP) * chin
    return np.asarray(field, np.float32)


def pressed(head: Points) -> NDArray[np.float32]:
    """Return how far every point goes up (468,) when the lips are pressed: towards where they meet, not beyond."""
    upper, lower = _mouth_lines(head)
    lips = head[list(LIPS_OUTER + LIPS_INNER), :2]
    away = np.linalg.norm(head[:, None, :2] - lips[None], axis=2).min(axis=1)
    share = 1 - step(away, 0.0, 0.16)
    return np.asarray(np.float32(_LIPS_PRESSED) * share * (np.clip(head[:, 1], lower, upper) - head[:, 1]), np.float32)


def closed_stays_closed(field: Points, mouth_open: float) -> Points:
    """Let upper and lower inner lip go together where the mouth is closed, so that nothing is opened.

    `mouth_open` is the ratio of `Expression`; from 0.08 on, lips are free.
    """
    bound = 1 - float(step(np.float32(mouth_open), 0.03, 0.08))
    if bound <= 0:
        return field
    result = field.copy()
    count = len(LIPS_INNER) // 2
    for low, up in zip(LIPS_INNER[1:count], LIPS_INNER[:count:-1], strict=True):
        together = (field[low] + field[up]) / 2
        for point in (low, up):
            result[point] += bound * (together - result[point])
    return result


def lips_stay_apart(head: Points, field: Points) -> Points:
    """Keep upper and lower inner lip from passing through each other: at least `_GAP` of each gap remains."""
    result = field.copy()
    count = len(LIPS_INNER) // 2
    for low, up in zip(LIPS_INNER[1:count], LIPS_INNER[:count:-1], strict=True):
        gap = float(head[up, 1] - head[low, 1])
        after = gap + float(field[up, 1] - field[low, 1])
        missing = max(_GAP * gap - after, 0.0) / 2 if gap > 0 else 0.0
        result[low, 1] -= missing
        result[up, 1] += missing
    return result


def _mouth_lines(head: Points) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the heights of the upper and the lower lip's inner edge, at every point's x (468,)."""
    count = len(LIPS_INNER) // 2
    low, up = list(LIPS_INNER[: count + 1]), [LIPS_INNER[0], *LIPS_INNER[: count - 1 : -1]]
    lines = []
    for lip in (up, low):
        edge = head[sorted(lip, key=lambda point: float(head[point, 0]))]
        lines.append(np.interp(head[:, 0], edge[:, 0], edge[:, 1]).astype(np.float32))
    return lines[0], lines[1]


@cache
def _measured() -> dict[str, Points]:
    """Read the measured fields, float32 (468, 3) each."""
    with resources.files("atelier_expression").joinpath("fields.npz").open("rb") as file:
        archive = np.load(file)
        return {name: archive[name].astype(np.float32) for name in ("smile", "jaw", "brows")}
