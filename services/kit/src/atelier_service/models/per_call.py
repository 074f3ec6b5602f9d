"""Models as one call sees them: within its deadline, remembered for its report."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from atelier_service.cancellation import Cancellation
    from atelier_service.models.backend import Arrays, InstalledModel, ModelBackend


class CallModels:
    """Run models for one call and remember which took part."""

    def __init__(self, backend: ModelBackend, *, cancellation: Cancellation, deadline: float) -> None:
        self._backend = backend
        self._cancellation = cancellation
        self._deadline = deadline
        self._used: dict[str, InstalledModel] = {}

    def infer(self, model: str, inputs: Mapping[str, NDArray[np.float32]]) -> Arrays:
        """Run `model` once and return its outputs by name."""
        self._cancellation.check()
        outputs = self._backend.infer(model, inputs, cancellation=self._cancellation, deadline=self._deadline)
        if model not in self._used:
            self._used[model] = self._backend.installed(model)
        return outputs

    def uses(self) -> tuple[InstalledModel, ...]:
        """Return the models that took part, in order of first use."""
        return tuple(self._used.values())
