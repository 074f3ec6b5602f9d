"""The reenactment network as four ONNX parts, as LivePortrait divides the work.

    appearance: image -> feature          what the head looks like, a volume
    motion:     image -> pitch, yaw, roll, t, exp, scale, kp
    warp:       feature, kp_source, kp_driving -> warped
    generator:  warped -> image

Guo et al., "LivePortrait: Efficient Portrait Animation with Stitching and Retargeting Control", 2024. Images are (1, 3,
h, w), RGB, 0 to 1. The parts lie in one folder as `appearance.onnx` and so on, beside a `model_index.json` whose
`_class_name` is `ReenactmentParts`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from atelier_sdk.errors import ModelNotInstalledError, ModelUnusableError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[np.float32]]

NAME: Final = "reenactment"
INDEX: Final = "model_index.json"
KIND: Final = "ReenactmentParts"
KEYPOINTS: Final = 21
_ANGLES: Final = ("pitch", "yaw", "roll")
# What each part takes and gives: names, and the number of dimensions of each.
CONTRACT: Final[Mapping[str, tuple[Mapping[str, int], Mapping[str, int]]]] = {
    "appearance": ({"image": 4}, {"feature": 5}),
    "motion": ({"image": 4}, {**dict.fromkeys((*_ANGLES, "t", "exp", "scale", "kp"), 2)}),
    "warp": ({"feature": 5, "kp_source": 3, "kp_driving": 3}, {"warped": 4}),
    "generator": ({"warped": 4}, {"image": 4}),
}


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """The four parts, loaded; safe to be used by several threads. `version` is of all four together."""

    sessions: Mapping[str, Any]
    side: int
    version: str

    def run(self, part: str, inputs: Mapping[str, NDArray[np.float32]]) -> Arrays:
        """Run one part and return its outputs by name, float32."""
        outputs = list(CONTRACT[part][1])
        found = self.sessions[part].run(
            outputs, {name: np.asarray(value, np.float32) for name, value in inputs.items()}
        )
        return {name: np.asarray(value, np.float32) for name, value in zip(outputs, found, strict=True)}


def load(folder: Path) -> Parts:
    """Load the parts of a folder.

    Raises ModelNotInstalledError with the command that installs them where there is none, and ModelUnusableError where
    a part is missing or is none of ours.
    """
    if not (folder / INDEX).is_file():
        raise not_installed()
    if _kind(folder / INDEX) != KIND:
        raise _unusable(folder, f"its {INDEX} does not name {KIND}")
    import onnxruntime

    sessions, digest = {}, sha256()
    for part in CONTRACT:
        path = folder / f"{part}.onnx"
        if not path.is_file():
            raise _unusable(folder, f"{path.name} is missing")
        try:
            session = onnxruntime.InferenceSession(str(path), providers=onnxruntime.get_available_providers())
        except Exception as error:  # ONNX Runtime has a class for every cause and no common one
            raise _unusable(folder, f"{path.name} does not load ({str(error).splitlines()[0]})") from error
        _require_contract(folder, part, session)
        sessions[part] = session
        digest.update(path.read_bytes())
    side = sessions["appearance"].get_inputs()[0].shape[2]
    return Parts(sessions, side if isinstance(side, int) else 256, digest.hexdigest())


def not_installed() -> ModelNotInstalledError:
    """Return the error that says how to install the parts."""
    command = f"atelier models pull {NAME} --folder FOLDER"
    return ModelNotInstalledError(
        "A turn beyond 15° shows a side of the head that the picture lacks and needs a reenactment network; none is "
        f"installed. Install one with: {command}, where FOLDER holds its four ONNX parts.",
        metadata={"model": NAME, "command": command, "field": "adjustment.yaw_degrees", "limit": "15"},
    )


def _kind(path: Path) -> str | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None
    return found.get("_class_name") if isinstance(found, dict) else None


def _require_contract(folder: Path, part: str, session: Any) -> None:
    for kind, wanted, found in zip(
        ("input", "output"), CONTRACT[part], (session.get_inputs(), session.get_outputs()), strict=True
    ):
        ranks = {tensor.name: len(tensor.shape) for tensor in found}
        for name, rank in wanted.items():
            if ranks.get(name) != rank:
                raise _unusable(folder, f"{part}.onnx has no {kind} {name} of {rank} dimensions")


def _unusable(folder: Path, why: str) -> ModelUnusableError:
    return ModelUnusableError(f"The reenactment parts in {folder} cannot be used: {why}.", metadata={"model": NAME})
