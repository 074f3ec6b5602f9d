"""The backends that draw with a checkpoint of a diffusion model, one candidate after the other.

CheckpointBackend ──Wanted──> Easel.draw ──Progress | pixels──> CheckpointBackend

`diffusers` has its easel in this process; `triton` has it in Triton (`atelier_generate.loop`).
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Protocol

import numpy as np
from atelier_rpc.settings import read_or_exit
from atelier_sdk.errors import FieldOutOfRangeError, FieldViolation

from atelier_generate.backend import Drawn, Order, Preview, Step
from atelier_generate.brief import Frame
from atelier_generate.diffusion.drawing import Wanted
from atelier_generate.diffusion.frame import drawn_size, framed, in_srgb
from atelier_generate.diffusion.settings import DiffusersSettings
from atelier_generate.diffusion.studio import Progress, Studio
from atelier_generate.director import ANYBODY, People
from atelier_generate.settings import DIFFUSERS

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping

    from atelier_imaging.models import ModelRunner
    from numpy.typing import NDArray

    from atelier_generate.backend import Backend, Event, Sketch
    from atelier_generate.diffusion.families import DrawingFamily


class Easel(Protocol):
    """Where a checkpoint draws one candidate at a time."""

    @property
    def family(self) -> DrawingFamily:
        """Return the family of the checkpoint."""
        ...

    @property
    def record(self) -> Mapping[str, object]:
        """Return what else is needed to draw the same picture again, as far as it is known by now."""
        ...

    def ready(self) -> object:
        """Raise what can be known to be missing before anything is drawn."""

    def draw(self, wanted: Wanted, check: Callable[[], None]) -> Generator[Progress | NDArray[np.float32]]:
        """Yield the progress of a candidate and last the candidate itself, float32 (height, width, 3) in 0..1.

        `check` may raise to stop it after any step; closing the generator does, too.
        """
        ...

    def canary(self) -> None:
        """Raise what is wrong with it, without waiting for what it is at work on."""


def settings_and_base(name: str) -> tuple[DiffusersSettings, Backend | None]:
    """Read the environment for the backend of that name; exit with a sentence where it asks for what cannot be."""
    settings = read_or_exit(
        DiffusersSettings, program=f"atelier-generate ({name})", description="Draws with a checkpoint."
    )
    if not settings.begins_from_base:
        return settings, None
    from atelier_generate.base import EmbeddedBackend

    return settings, EmbeddedBackend()


def open_diffusers() -> DiffusersBackend:
    """Make the backend that the environment asks for; exit with a sentence where it asks for what cannot be."""
    return DiffusersBackend(*settings_and_base(DIFFUSERS))


class CheckpointBackend:
    """Draw portraits at an easel; `base` draws what they begin from, where they begin from anything."""

    def __init__(self, name: str, settings: DiffusersSettings, easel: Easel, base: Backend | None) -> None:
        self._name = name
        self._settings = settings
        self._easel = easel
        self._base = base

    @property
    def name(self) -> str:
        """Return its name, as the settings have it."""
        return self._name

    @property
    def family(self) -> str:
        """Return the family of its prompts."""
        return self._easel.family.words

    @property
    def honours(self) -> frozenset[str]:
        """Return the fields that change what it draws besides by words: those that the base honours."""
        return self._base.honours if self._base is not None else frozenset()

    @property
    def people(self) -> People:
        """Return whom the base draws, and without one anybody."""
        return self._base.people if self._base is not None else ANYBODY

    @property
    def takes_references(self) -> bool:
        """Say whether portraits of a person are shown to the network."""
        return self._easel.family.references > 0

    @property
    def made_of(self) -> Mapping[str, object]:
        """Return all that draws the same picture again; the checkpoint's SHA-256 once it is loaded."""
        settings, family = self._settings, self._easel.family
        made: dict[str, object] = {"family": family.name, "licence": family.licence, "side": settings.side}
        if self._base is not None:
            made["base"] = {"name": self._base.name, "strength": settings.strength, **self._base.made_of}
        return {**made, **self._easel.record}

    def draw(self, order: Order, models: ModelRunner, check: Callable[[], None]) -> Iterator[Event]:
        """Draw the candidates one after the other; see `Backend.draw`."""
        self._easel.ready()
        self._require_picture(order)
        references = tuple(in_srgb(one) for one in order.references[: self._easel.family.references])
        count = len(order.sketches)
        for number, sketch in enumerate(order.sketches):
            begun = self._begun(sketch, models, check)
            size = drawn_size(sketch.brief.frame, self._settings.side, self._easel.family.multiple)
            ground = None if begun is None else _ground(begun.pixels, size)
            wanted = Wanted(sketch, size, ground, references, order.previews)
            with closing(self._easel.draw(wanted, check)) as drawing:
                for told in drawing:
                    if not isinstance(told, Progress):
                        yield self._finished(number, order, told, begun)
                        continue
                    yield Step(number * told.total + told.done, count * told.total)
                    if told.preview is not None:
                        yield Preview(number, told.preview)

    def canary(self, models: ModelRunner) -> None:  # noqa: ARG002 (the seam's)
        """See that the checkpoint can be drawn with, as far as that costs nothing.

        Raises ModelNotInstalledError, and ModelUnusableError where the device is wrong. That a checkpoint is another
        one is told to whoever asks for a portrait.
        """
        self._easel.canary()

    def _begun(self, sketch: Sketch, models: ModelRunner, check: Callable[[], None]) -> Drawn | None:
        """Have the base draw what a candidate begins from."""
        if self._base is None:
            return None
        events = self._base.draw(Order((sketch,)), models, check)
        return next(event for event in events if isinstance(event, Drawn))

    def _require_picture(self, order: Order) -> None:
        """Raise FieldOutOfRangeError where a network that only edits has nothing to edit."""
        family = self._easel.family
        if not family.needs_picture or order.references or self._base is not None:
            return
        told = f"{family.title} draws from portraits of a person: give references, or set ATELIER_GENERATOR_BASE."
        raise FieldOutOfRangeError(told, violations=(FieldViolation("generation.references", told),))

    def _finished(self, number: int, order: Order, pixels: NDArray[np.float32], begun: Drawn | None) -> Drawn:
        sketch = order.sketches[number]
        notes = (*(begun.notes if begun else ()), *self._notes(sketch, order, pixels))
        return Drawn(number, framed(pixels, sketch.brief.frame), notes, begun.chosen if begun else {})

    def _notes(self, sketch: Sketch, order: Order, pixels: NDArray[np.float32]) -> Iterator[str]:
        """Say what was not honoured."""
        family, frame = self._easel.family, sketch.brief.frame
        height, width = pixels.shape[:2]
        if frame.width * frame.height > 1.05 * width * height:
            yield (
                f"It was drawn at {width} × {height} pixels and enlarged to {frame.width} × {frame.height}; the "
                "upscale service does that better."
            )
        if sketch.negative_prompt and not family.negative:
            yield f"{family.title} reads no negative prompt."
        if len(order.references) > family.references > 0:
            yield f"{family.title} was shown the first {family.references} of {len(order.references)} references."


class DiffusersBackend(CheckpointBackend):
    """Draw with a checkpoint in this process."""

    def __init__(self, settings: DiffusersSettings, base: Backend | None = None) -> None:
        self._studio = Studio(settings)
        super().__init__(DIFFUSERS, settings, self._studio, base)


def _ground(pixels: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Bring what a candidate begins from to the size that it is drawn at."""
    return np.asarray(np.rint(255 * framed(pixels, Frame(*size))), np.uint8)
