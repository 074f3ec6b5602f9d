"""One editing pipeline, loaded once, edited with one call at a time."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from atelier_sdk.errors import DeviceMemoryError
from atelier_service.diffusion.loading import device_of, load, require_host
from atelier_service.diffusion.memory import give_back, is_memory

from atelier_edit.diffusion.checkpoint import locate

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_service.diffusion.checkpoint import Checkpoint
    from atelier_service.diffusion.families import Family
    from numpy.typing import NDArray

    from atelier_edit.diffusion.settings import DiffusionSettings

_DISTRIBUTION: Final = "atelier-edit"
_TURN_SECONDS: Final = 0.1


def nothing() -> None:
    """Do nothing; the check and the progress of whoever does not care."""


class Editor:
    """Edit pictures by instructions with the checkpoint of a family; safe to be used from several threads.

    Nothing is imported or loaded before the first edit. An edit that fails, is cancelled or runs out of memory leaves
    the pipeline ready for the next one.
    """

    def __init__(self, settings: DiffusionSettings, family: Family) -> None:
        self.settings = settings
        self.family = family
        self._turn = threading.Lock()
        self._pipeline: Any = None
        self._checkpoint: Checkpoint | None = None

    @property
    def checkpoint(self) -> Checkpoint:
        """Return the checkpoint. Raises what `locate` raises."""
        return self._checkpoint or locate(self.settings, self.family)

    @property
    def device(self) -> str:
        """Return the device that edits run on."""
        return device_of(self.settings.device)

    def size_for(self, width: int, height: int) -> tuple[int, int]:
        """Return the (width, height) that the network edits a picture of that size at: its area and multiples."""
        multiple = self.family.multiple
        by = self.settings.side / (width * height) ** 0.5
        across, down = (max(round(each * by / multiple), 2) * multiple for each in (width, height))
        return across, down

    def edit(
        self,
        pixels: NDArray[np.uint8],
        instruction: str,
        *,
        seed: int,
        check: Callable[[], None] = nothing,
        progress: Callable[[int, int], None] = lambda _step, _steps: None,
    ) -> NDArray[np.uint8]:
        """Return what the network makes of a picture, uint8 (h, w, 3) in sRGB; both of the size of `size_for`.

        `check` is called while the edit waits for its turn, before it starts and after every step, and may raise to
        stop it there; `progress` is told the step that is done, from 1, and how many there are. The same picture,
        instruction and seed give the same answer on the same device.

        Raises ModelNotInstalledError, ModelUnusableError, HostUnsuitableError, DeviceMemoryError.
        """
        checkpoint = self.checkpoint
        require_host(self.family, _DISTRIBUTION)
        while not self._turn.acquire(timeout=_TURN_SECONDS):
            check()
        try:
            check()
            return self._edited(checkpoint, _Wanted(pixels, instruction, seed, check, progress))
        finally:
            self._turn.release()

    def _edited(self, checkpoint: Checkpoint, wanted: _Wanted) -> NDArray[np.uint8]:
        try:
            pipeline = self._loaded(checkpoint)
            wanted.check()
            steps, arguments = self._arguments(checkpoint)
            answer = _drawn(pipeline, wanted, steps, arguments)
        except BaseException as error:
            give_back(self._pipeline, error)
            if not is_memory(error):
                raise
            raise self._out_of_memory() from error
        give_back(pipeline)
        return answer

    def _arguments(self, checkpoint: Checkpoint) -> tuple[int, dict[str, Any]]:
        mode = checkpoint.joined or self.family
        return mode.steps, dict(mode.call)

    def _loaded(self, checkpoint: Checkpoint) -> Any:
        if self._pipeline is None:
            pipeline = load(checkpoint, self.device)
            self._pipeline = _placed(pipeline, self.device, offload=self.settings.offload)
            self._checkpoint = checkpoint
        return self._pipeline

    def _out_of_memory(self) -> DeviceMemoryError:
        side, hint = self.settings.side, "" if self.settings.offload else ", or set ATELIER_EDIT_OFFLOAD to true"
        return DeviceMemoryError(
            f"{self.device} has too little memory to edit at {side} pixels with {self.family.title}; lower "
            f"ATELIER_EDIT_SIDE below {side}{hint}.",
            metadata={"model": self.family.name, "device": self.device, "side": str(side)},
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Wanted:
    """One edit as it is asked for, and who is told of its steps."""

    pixels: NDArray[np.uint8]
    instruction: str
    seed: int
    check: Callable[[], None]
    progress: Callable[[int, int], None]


def _drawn(pipeline: Any, wanted: _Wanted, steps: int, arguments: dict[str, Any]) -> NDArray[np.uint8]:
    """Run the pipeline, step by step."""
    import torch
    from PIL import Image

    def after_step(_: object, step: int, __: object, tensors: dict[str, Any]) -> dict[str, Any]:
        wanted.progress(step + 1, steps)
        wanted.check()
        return tensors

    with torch.inference_mode():
        answer = pipeline(
            image=[Image.fromarray(wanted.pixels)],
            prompt=wanted.instruction,
            height=wanted.pixels.shape[0],
            width=wanted.pixels.shape[1],
            num_inference_steps=steps,
            generator=torch.Generator("cpu").manual_seed(wanted.seed),
            output_type="np",
            callback_on_step_end=after_step,
            **arguments,
        )
    return np.asarray(np.rint(np.clip(np.nan_to_num(answer.images[0]), 0, 1) * 255), np.uint8)


def _placed(pipeline: Any, device: str, *, offload: bool) -> Any:
    if offload and device != "cpu":
        pipeline.enable_model_cpu_offload(device=device)
        return pipeline
    return pipeline.to(device)
