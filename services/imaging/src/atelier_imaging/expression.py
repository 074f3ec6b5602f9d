"""Ratios that an expression is measured by, measured in three dimensions so that turning the head keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from atelier_imaging import topology
from atelier_imaging.face import Expression

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_imaging.pose import HeadFrame


def expression_ratios(mesh: NDArray[np.float32], frame: HeadFrame) -> Expression:
    """Measure eye opening, mouth opening and smile on a mesh (478, 3)."""
    head = frame.to_head(mesh)
    return Expression(
        left_eye_open=_opening(head, topology.LEFT_LIDS, topology.LEFT_EYE_CORNERS),
        right_eye_open=_opening(head, topology.RIGHT_LIDS, topology.RIGHT_EYE_CORNERS),
        mouth_open=_opening(head, topology.INNER_LIPS, topology.INNER_MOUTH_CORNERS),
        smile=_smile(head),
    )


def _opening(head: NDArray[np.float64], pairs: tuple[tuple[int, int], ...], corners: tuple[int, int]) -> float:
    """Return the mean distance of facing points over the distance of the corners."""
    upper, lower = (head[[pair[side] for pair in pairs]] for side in (0, 1))
    return float(np.linalg.norm(upper - lower, axis=1).mean()) / _distance(head, corners)


def _smile(head: NDArray[np.float64]) -> float:
    """Return the lift of the mouth corners above the middle of the lips over the mouth's width."""
    corners = head[list(topology.MOUTH_CORNERS), 1].mean()
    middle = head[list(topology.OUTER_LIPS_MIDDLE), 1].mean()
    return float(corners - middle) / _distance(head, topology.MOUTH_CORNERS)


def _distance(head: NDArray[np.float64], pair: tuple[int, int]) -> float:
    return max(float(np.linalg.norm(head[pair[0]] - head[pair[1]])), 1e-6)
