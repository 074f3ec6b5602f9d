"""The one seam between a service and what runs its models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from atelier_service.cancellation import Cancellation

Arrays = dict[str, "NDArray[np.float32]"]


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model as the report and the catalogue name it; `executor` is such as `triton/openvino`."""

    name: str
    version: str
    sha256: str
    license: str
    executor: str


class ModelBackend(Protocol):
    """What runs models for all calls of a process."""

    def infer(
        self, model: str, inputs: Mapping[str, NDArray[np.float32]], *, cancellation: Cancellation, deadline: float
    ) -> Arrays:
        """Run `model` once and return its outputs by name, which belong to the caller.

        Called from worker threads, blocks. `deadline` is in seconds of `time.monotonic()`. Raises
        ModelNotInstalledError, BackendDownError, QueueFullError, DeadlineTooShortError, the reason of `cancellation`,
        and TensorMismatchError.
        """

    def installed(self, model: str) -> InstalledModel:
        """Return what is known of `model`; raise ModelNotInstalledError."""

    async def close(self) -> None:
        """Give back all that is held. Safe to call twice."""
