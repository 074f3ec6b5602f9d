"""The service as a process, with the tests' backend; each step of its denoiser is a byte in a file."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from atelier_generate.capability import generate_capability
from atelier_generate.servicer import GenerateServicer
from atelier_service import serve

from tests.services.generate.service.sketchbook import Sketchbook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import numpy as np
    from atelier_generate.backend import Event, Order
    from atelier_imaging.models import ModelRunner
    from numpy.typing import NDArray

STEPS_FILE = "TEST_STEPS_FILE"
STEP_SECONDS = 0.05


class Counting:
    """Models that write down each step and take a while over it."""

    def infer(self, model: str, inputs: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        with Path(os.environ[STEPS_FILE]).open("ab") as file:
            file.write(b".")
        time.sleep(STEP_SECONDS)
        return {model: inputs["image"]}


class Slow(Sketchbook):
    """Draws by counted steps; its canary counts none."""

    def draw(self, order: Order, models: ModelRunner, check: Callable[[], None]) -> Iterator[Event]:  # noqa: ARG002
        return super().draw(order, Counting(), check)

    def canary(self, models: ModelRunner) -> None:
        """Find nothing wrong."""


if __name__ == "__main__":
    serve(generate_capability(), lambda: GenerateServicer(Slow(steps=100)))
