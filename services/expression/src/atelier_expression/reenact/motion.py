"""What the motion part says of a head, and the keypoints of that head turned otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from atelier_expression.reenact.parts import KEYPOINTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from atelier_expression.turn import Turn

# Angles come as the likelihood of bins, three degrees wide, from -97.5 on.
_BIN_DEGREES: Final = 3.0
_FIRST_DEGREES: Final = -97.5


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """A head's pose in degrees, and its keypoints: canonical ones (21, 3), what expression adds, scale and place."""

    pitch_degrees: float
    yaw_degrees: float
    roll_degrees: float
    keypoints: NDArray[np.float32]
    expression: NDArray[np.float32]
    scale: float
    place: NDArray[np.float32]

    @classmethod
    def of(cls, outputs: Mapping[str, NDArray[np.float32]]) -> Motion:
        """Read the outputs of the motion part."""
        pitch, yaw, roll = (degrees(outputs[name]) for name in ("pitch", "yaw", "roll"))
        return cls(
            pitch,
            yaw,
            roll,
            outputs["kp"].reshape(KEYPOINTS, 3),
            outputs["exp"].reshape(KEYPOINTS, 3),
            float(outputs["scale"].reshape(-1)[0]),
            outputs["t"].reshape(3),
        )

    def placed(self, turn: Turn | None = None) -> NDArray[np.float32]:
        """Return the keypoints (1, 21, 3) as they are in the picture, the head turned by `turn`."""
        pitch, yaw, roll = self.pitch_degrees, self.yaw_degrees, self.roll_degrees
        if turn is not None:
            pitch, yaw, roll = pitch + turn.pitch_degrees, yaw + turn.yaw_degrees, roll + turn.roll_degrees
        turned = self.keypoints @ _rotation(pitch, yaw, roll)
        place = self.place * (1, 1, 0)
        return np.asarray(self.scale * (turned + self.expression) + place, np.float32)[None]


def degrees(bins: NDArray[np.float32]) -> float:
    """Return the expected angle of the bins' logits (1, n); a single number is the angle itself."""
    logits = bins.reshape(-1).astype(np.float64)
    if len(logits) == 1:
        return float(logits[0])
    likely = np.exp(logits - logits.max())
    likely /= likely.sum()
    return float((likely * np.arange(len(logits))).sum() * _BIN_DEGREES + _FIRST_DEGREES)


def _rotation(pitch: float, yaw: float, roll: float) -> NDArray[np.float64]:
    """Return the rotation (3, 3) that row vectors are multiplied by: pitched, then turned, then rolled."""
    p, y, r = np.radians([pitch, yaw, roll])
    nod = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    turn = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    tilt = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    return np.asarray((tilt @ turn @ nod).T)
