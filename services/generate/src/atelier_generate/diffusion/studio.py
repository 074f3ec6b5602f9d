"""A checkpoint at work: loaded once, drawn with one candidate at a time, alive whatever becomes of a candidate."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from atelier_sdk.errors import DeviceMemoryError, ModelUnusableError
from atelier_service.diffusion.checkpoint import Place, digest, locate
from atelier_service.diffusion.loading import device_of, load, require_host
from atelier_service.diffusion.memory import give_back, is_memory

from atelier_generate.backend import Sketch
from atelier_generate.brief import Brief
from atelier_generate.diffusion.bench import Bench
from atelier_generate.diffusion.drawing import REHEARSAL_SIDE, Wanted, coloured, drawn
from atelier_generate.diffusion.families import STRENGTH
from atelier_generate.diffusion.placing import place
from atelier_generate.diffusion.projection import Projection
from atelier_generate.diffusion.settings import LAYERS, MODELS, NOTHING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    import numpy as np
    from atelier_service.diffusion.checkpoint import Checkpoint
    from numpy.typing import NDArray

    from atelier_generate.diffusion.drawing import Mode
    from atelier_generate.diffusion.settings import DiffusersSettings
    from atelier_generate.diffusion.watching import Stepped

_DISTRIBUTION: Final = "atelier-generate"
_LIBRARIES: Final = ("torch", "diffusers", "transformers")
_OTHERWISE: Final = "set ATELIER_GENERATOR_CHECKPOINT to a folder that holds it, or ATELIER_GENERATOR to `atelier-base`"


@dataclass(frozen=True, slots=True, eq=False)
class Progress:
    """So many of so many steps of a candidate are done; `preview` is a small picture of it, uint8 (h, w, 3) sRGB."""

    done: int
    total: int
    preview: NDArray[np.uint8] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """A pipeline on its device, the checkpoint that it is of, and that checkpoint's SHA-256."""

    pipeline: Any
    checkpoint: Checkpoint
    sha256: str

    @property
    def mode(self) -> Mode:
        """Return what says how many steps are made and with which arguments: the adapter, where there is one."""
        return self.checkpoint.joined or self.checkpoint.family  # type: ignore[return-value]


class Studio:
    """Draws candidates with the checkpoint of the settings; safe to be used from several threads.

    Nothing is imported or loaded before the first candidate.
    """

    def __init__(self, settings: DiffusersSettings) -> None:
        self.settings = settings
        self.family = settings.family
        self.bench = Bench()
        self.loaded: Loaded | None = None
        self._projection = Projection()

    @property
    def checkpoint(self) -> Checkpoint:
        """Return the checkpoint. Raises what `locate` raises."""
        if self.loaded is not None:
            return self.loaded.checkpoint
        return locate(Place(self.settings.checkpoint, self.settings.folder, _OTHERWISE), self.family)

    @property
    def device(self) -> str:
        """Return the device that drawing is done on."""
        return device_of(self.settings.device)

    @property
    def record(self) -> Mapping[str, object]:
        """Return the libraries' versions and, once it is loaded, the checkpoint's SHA-256 and how it is run."""
        made: dict[str, object] = {"libraries": {name: version(name) for name in _LIBRARIES}}
        if (loaded := self.loaded) is not None:
            made |= {
                "checkpoint": loaded.checkpoint.version,
                "checkpoint_sha256": loaded.sha256,
                "steps": loaded.mode.steps,
                "arguments": dict(loaded.mode.call),
                "device": self.device,
                "precision": str(loaded.pipeline.dtype).removeprefix("torch."),
            }
        return made

    def open(self) -> None:
        """Load the checkpoint now, not at the first candidate. Raises what `ready` raises."""

        def load_it(*_: object) -> None:
            self._opened()

        for _ in self.bench.follow(load_it, lambda: None):
            pass  # loading tells nothing

    def canary(self) -> None:
        """See that the checkpoint is there and, once it is loaded and not at work, that its device can multiply.

        Raises what `locate` raises, and ModelUnusableError.
        """
        self.checkpoint  # noqa: B018 (asked for what it raises)
        if self.loaded is None or self.bench.is_busy:
            return
        import torch

        ones = torch.ones((8, 8), device=self.device)
        if float((ones @ ones).sum()) != 512:
            raise ModelUnusableError(f"{self.device} cannot multiply.", metadata={"model": self.family.name})

    def ready(self) -> Checkpoint:
        """Return the checkpoint where it and the packages that it needs are there, without loading it.

        Raises ModelNotInstalledError, ModelUnusableError, HostUnsuitableError.
        """
        checkpoint = self.checkpoint
        require_host(self.family, _DISTRIBUTION)
        return checkpoint

    def draw(self, wanted: Wanted, check: Callable[[], None]) -> Generator[Progress | NDArray[np.float32]]:
        """Yield the progress of a candidate and last the candidate itself, float32 (height, width, 3) in 0..1.

        `check` is called while the candidate waits for its turn and after every step, and may raise to stop it there.
        Raises besides what `ready` raises DeviceMemoryError.
        """
        self.ready()
        return self.bench.follow(lambda tell, go_on: self._draw(wanted, tell, go_on), check)

    def _draw(self, wanted: Wanted, tell: Callable[[Any], None], go_on: Callable[[], None]) -> None:
        """Draw in the bench's thread."""
        try:
            loaded = self._opened()
            go_on()
            if wanted.previews and not self._projection.knows:
                self._rehearse(loaded, wanted)
                go_on()
            self._step_by_step(loaded, wanted, tell, go_on)
            give_back(loaded.pipeline)
        except BaseException as error:
            give_back(self.loaded and self.loaded.pipeline, error)
            if not is_memory(error):
                raise
            raise self._out_of_memory(wanted.size) from error

    def _step_by_step(
        self, loaded: Loaded, wanted: Wanted, tell: Callable[[Any], None], go_on: Callable[[], None]
    ) -> None:
        width, height = wanted.size
        last: Any = None

        def after(step: Stepped) -> None:
            nonlocal last
            last = step.guess
            seen = self._projection.show(last, (height, width)) if wanted.previews else None
            tell(Progress(step.done, step.total, seen))
            go_on()

        picture = drawn(loaded.pipeline, self.family, loaded.mode, wanted, self.settings.strength, after)
        if wanted.previews:
            self._projection.learn(last, picture)
        tell(picture)

    def _rehearse(self, loaded: Loaded, wanted: Wanted) -> None:
        """Learn how latents look, before anything is drawn: have the checkpoint decode latents of all colours.

        One step is made whose outcome is put aside for them, so that each pipeline decodes in its own way.
        """
        side = max(min(REHEARSAL_SIDE, self.settings.side) // self.family.multiple, 1) * self.family.multiple
        shown: Any = None

        def instead(step: Stepped) -> Any:
            nonlocal shown
            shown = coloured(step.guess, seed=step.done)
            return shown

        small = Wanted(Sketch(0, Brief(), wanted.sketch.prompt), (side, side), wanted.ground, wanted.references)
        picture = drawn(loaded.pipeline, self.family, loaded.mode, small, 1.0, instead, steps=1)
        self._projection.learn(shown, picture)

    def _opened(self) -> Loaded:
        if self.loaded is None:
            checkpoint = self.ready()
            pipeline = load(checkpoint, self.device, self.settings.precision)
            begins = self.settings.begins_from_base and self.family.ground == STRENGTH
            placed = place(pipeline, self.settings, self.device, begins_from_picture=begins)
            self.loaded = Loaded(placed, checkpoint, digest(checkpoint))
        return self.loaded

    def _out_of_memory(self, size: tuple[int, int]) -> DeviceMemoryError:
        width, height = size
        settings, device = self.settings, self.device
        less = [f"lower ATELIER_GENERATOR_SIDE below {round((width * height) ** 0.5)}"]
        if settings.offload == NOTHING:
            less.append(f"set ATELIER_GENERATOR_OFFLOAD to `{MODELS}`")
        elif settings.offload == MODELS:
            less.append(f"set ATELIER_GENERATOR_OFFLOAD to `{LAYERS}`")
        if not settings.tiles:
            less.append("set ATELIER_GENERATOR_TILES to true")
        return DeviceMemoryError(
            f"{device} has too little memory to draw {width} × {height} pixels with {self.family.title}: ask for a "
            f"smaller size, {', or '.join(less)}.",
            metadata={"model": self.family.name, "device": device, "width": str(width), "height": str(height)},
        )
