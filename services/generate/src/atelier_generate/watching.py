"""Which models took part in drawing, apart from those that look at what was drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from atelier_imaging.models import ModelRunner
    from atelier_service.call import Call
    from atelier_service.models.backend import InstalledModel
    from numpy.typing import NDArray


class Watched:
    """Models that remember the names of those that were run for a candidate, in order of first use."""

    def __init__(self, models: ModelRunner) -> None:
        self._models = models
        self._names: dict[str, None] = {}

    def infer(self, model: str, inputs: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        """Run a model."""
        self._names[model] = None
        return self._models.infer(model, inputs)

    def taken(self, call: Call) -> tuple[InstalledModel, ...]:
        """Return what is known of the models that were run since this was last asked, and forget them.

        What was run for another candidate must not stand in the record of this one: alone it would be another record.
        """
        names, self._names = self._names, {}
        found = (call.used(name) for name in names)
        return tuple(model for model in found if model is not None)
