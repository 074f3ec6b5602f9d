"""Models that answer what a test says, so that nobody patches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from atelier_service.models.backend import Arrays, InstalledModel
from atelier_service.models.contract import not_installed

if TYPE_CHECKING:
    from atelier_service.cancellation import Cancellation

Answer = Callable[[Mapping[str, NDArray[np.float32]]], Arrays]


class FakeModels:
    """A backend, and a `ModelRunner`, whose models are functions.

    `calls` lists the names of the models that were run, in order. `close` sets `closed`.
    """

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self.calls: list[str] = []
        self.closed = False
        self._answers = dict(answers)

    def learn(self, model: str, answer: Answer) -> None:
        """Have `answer` be the model of that name from now on."""
        self._answers[model] = answer

    def infer(
        self,
        model: str,
        inputs: Mapping[str, NDArray[np.float32]],
        *,
        cancellation: Cancellation | None = None,
        deadline: float | None = None,  # noqa: ARG002 (the seam's parameter; a fake takes no time)
    ) -> Arrays:
        """Return what the model's function returns."""
        self.calls.append(model)
        if cancellation is not None:
            cancellation.check()
        return self._answer(model)(inputs)

    def installed(self, model: str) -> InstalledModel:
        """Return a made-up version 1 of the model."""
        self._answer(model)
        return InstalledModel(name=model, version="1", sha256="0" * 64, license="CC0-1.0", executor="fake")

    async def close(self) -> None:
        """Remember having been closed."""
        self.closed = True

    def _answer(self, model: str) -> Answer:
        if model not in self._answers:
            raise not_installed(model)
        return self._answers[model]
