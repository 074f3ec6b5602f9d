"""A backend that is plain enough to know what it draws: a real portrait in a tint of its seed, in a few steps."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import cv2
import numpy as np
import skimage.data
from atelier_generate.backend import Drawn, Preview, Step
from atelier_generate.director import ANYBODY, People
from atelier_imaging.models import FACE_DETECTOR
from atelier_service.models.backend import InstalledModel
from atelier_service.models.in_process import InProcessModels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from atelier_generate.backend import Event, Order, Sketch
    from atelier_imaging.models import ModelRunner
    from atelier_service.cancellation import Cancellation
    from atelier_service.models.backend import Arrays
    from numpy.typing import NDArray

DENOISER = "denoiser"


class Networks(InProcessModels):
    """The installed networks, and a denoiser that answers what it is given and counts; it waits while it is held."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.steps = 0
        self.stepped = threading.Event()
        self.free = threading.Event()
        self.free.set()
        self.most_at_once = self._at_once = 0
        self._counting = threading.Lock()

    async def close(self) -> None:
        """Stay open for the next test: loading takes longer than all else."""

    def infer(
        self, model: str, inputs: Mapping[str, NDArray[np.float32]], *, cancellation: Cancellation, deadline: float
    ) -> Arrays:
        if model != DENOISER:
            return super().infer(model, inputs, cancellation=cancellation, deadline=deadline)
        with self._working():
            self.steps += 1
            self.stepped.set()
            self.free.wait(10)
        return {"image": inputs["image"]}

    @contextmanager
    def _working(self) -> Iterator[None]:
        with self._counting:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            yield
        finally:
            with self._counting:
                self._at_once -= 1

    def installed(self, model: str) -> InstalledModel:
        if model != DENOISER:
            return super().installed(model)
        return InstalledModel(name=DENOISER, version="3", sha256="d" * 64, license="CC0-1.0", executor="fake")


@dataclass
class Sketchbook:
    """Draws each candidate in `steps` steps of the denoiser, one after the other.

    `faceless` seeds come out empty; in `retouched` ones a second network takes part.
    """

    steps: int = 4
    faceless: frozenset[int] = frozenset()
    retouched: frozenset[int] = frozenset()
    takes_references: bool = False
    name: str = "sketchbook"
    family: str = "natural"
    honours: frozenset[str] = frozenset({"subject.age_years"})
    people: People = ANYBODY
    made_of: Mapping[str, object] = field(default_factory=lambda: {"edition": "first"})
    open_drawings: int = 0

    def draw(self, order: Order, models: ModelRunner, check: Callable[[], None]) -> Iterator[Event]:
        self.open_drawings += 1
        try:
            total = self.steps * len(order.sketches)
            for number, sketch in enumerate(order.sketches):
                pixels = self._pixels(sketch)
                for step in range(self.steps):
                    check()
                    models.infer(DENOISER, {"image": pixels[None]})
                    yield Step(number * self.steps + step + 1, total)
                    if order.previews:
                        yield Preview(number, np.rint(255 * pixels).astype(np.uint8))
                if sketch.seed in self.retouched:
                    models.infer(FACE_DETECTOR, {"image": np.zeros((1, 128, 128, 3), np.float32)})
                yield Drawn(number, pixels, (f"The tint is {sketch.seed % 8}.",), {"subject.hair": "brown"})
        finally:
            self.open_drawings -= 1

    def canary(self, models: ModelRunner) -> None:
        models.infer(DENOISER, {"image": np.zeros((1, 1, 1, 3), np.float32)})

    def _pixels(self, sketch: Sketch) -> NDArray[np.float32]:
        head = np.ascontiguousarray(skimage.data.astronaut()[0:320, 84:340]).astype(np.float32) / 255
        pixels = np.asarray(cv2.resize(head, (512, 640), interpolation=cv2.INTER_CUBIC), np.float32)
        if sketch.seed in self.faceless:
            return np.full_like(pixels, 0.5)
        tint = np.array([1.0, 1.0 - 0.02 * (sketch.seed % 8), 1.0], np.float32)
        return np.asarray(np.clip(pixels * tint, 0, 1), np.float32)
