"""The one seam between imaging and whatever runs its networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

FACE_DETECTOR: Final = "face_detector"
FACE_MESH: Final = "face_mesh"
IRIS: Final = "iris"
PERSON_SEGMENTER: Final = "person_segmenter"


class ModelRunner(Protocol):
    """Run a named network on a batch of arrays.

    Names and tensors are those of the model catalogue. Batch is the first dimension everywhere and may be any size.
    """

    def infer(self, model: str, inputs: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        """Run `model` once and return every output by name.

        Called from worker threads; blocks until the answer is there. Raises an `AtelierError`: ModelNotInstalledError,
        BackendDownError, DeadlineTooShortError, CancelledError or QueueFullError.
        """
        ...
