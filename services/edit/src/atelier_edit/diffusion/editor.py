"""One editing pipeline, loaded once, edited with one call at a time."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from atelier_sdk.errors import DeviceMemoryError, HostUnsuitableError, ModelUnusableError

from atelier_edit.diffusion.checkpoint import Checkpoint, locate, not_installed

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from atelier_edit.diffusion.families import Family
    from atelier_edit.diffusion.settings import DiffusionSettings

_NEEDED: Final = ("torch", "diffusers", "transformers", "accelerate")
_TURN_SECONDS: Final = 0.1
# How an allocation that failed says so, where it has no class of its own.
_OUT_OF_MEMORY: Final = ("out of memory", "can't allocate memory", "not enough memory")


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
        import torch

        return self.settings.device or ("cuda" if torch.cuda.is_available() else "cpu")

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
        require_host(self.family)
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
            return _drawn(pipeline, wanted, steps, arguments)
        except (RuntimeError, MemoryError) as error:
            if not _is_memory(error):
                raise
            raise self._out_of_memory() from error
        finally:
            self._tidy()

    def _arguments(self, checkpoint: Checkpoint) -> tuple[int, dict[str, Any]]:
        family = self.family
        if checkpoint.lightning is None or family.lightning is None:
            return family.steps, dict(family.call)
        return family.lightning.steps, dict(family.lightning.call)

    def _loaded(self, checkpoint: Checkpoint) -> Any:
        if self._pipeline is None:
            pipeline = load(checkpoint, self.device)
            self._pipeline = _placed(pipeline, self.device, offload=self.settings.offload)
            self._checkpoint = checkpoint
        return self._pipeline

    def _tidy(self) -> None:
        """Give back what an edit that stopped half-way left on the device."""
        import torch

        if self._pipeline is not None:
            self._pipeline.maybe_free_model_hooks()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

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


def require_host(family: Family) -> None:
    """Raise HostUnsuitableError where packages are missing that a family needs."""
    missing = [name for name in (*_NEEDED, *family.requires) if find_spec(name) is None]
    if not missing:
        return
    only = [name for name in missing if name in family.requires]
    command = f"pip install {' '.join(only)}" if only == missing else "pip install 'atelier-edit[diffusion]'"
    raise HostUnsuitableError(
        f"{family.title} needs {', '.join(missing)}; run `{command}`.",
        metadata={"model": family.name, "missing": ",".join(missing), "command": command},
    )


def load(checkpoint: Checkpoint, device: str) -> Any:
    """Load a pipeline from files of this machine: in bfloat16 on an accelerator, in float32 on a processor.

    Only weights in safetensors are read, which hold no code. Raises ModelNotInstalledError and ModelUnusableError.
    """
    import torch
    from diffusers import DiffusionPipeline

    family = checkpoint.family
    kind = torch.float32 if device == "cpu" else torch.bfloat16
    try:
        pipeline = DiffusionPipeline.from_pretrained(
            checkpoint.place,
            revision=checkpoint.revision,
            dtype=kind,
            local_files_only=True,
            use_safetensors=True,
        )
    except OSError as error:
        # The hub's client says with OSError that its cache has no such thing; a folder was looked at before.
        if checkpoint.revision is None and checkpoint.place.startswith(("/", ".")):
            raise _broken(checkpoint, error) from error
        raise not_installed(family, f"{checkpoint.place} (in the hub's cache)") from error
    except (ValueError, KeyError, TypeError) as error:
        raise _broken(checkpoint, error) from error
    if type(pipeline).__name__ != family.pipeline:
        raise _broken(checkpoint, TypeError(f"it is a {type(pipeline).__name__}"))
    pipeline.set_progress_bar_config(disable=True)
    return _with_lightning(pipeline, checkpoint)


def _with_lightning(pipeline: Any, checkpoint: Checkpoint) -> Any:
    """Join the adapter with the network, and set the scheduler as it was distilled."""
    lightning = checkpoint.family.lightning
    if checkpoint.lightning is None or lightning is None:
        return pipeline
    pipeline.load_lora_weights(str(checkpoint.lightning.parent), weight_name=checkpoint.lightning.name)
    pipeline.fuse_lora()
    pipeline.unload_lora_weights()
    scheduler = pipeline.scheduler
    pipeline.scheduler = type(scheduler).from_config(scheduler.config, shift_terminal=None, **lightning.scheduler)
    return pipeline


def _placed(pipeline: Any, device: str, *, offload: bool) -> Any:
    if offload and device != "cpu":
        pipeline.enable_model_cpu_offload(device=device)
        return pipeline
    return pipeline.to(device)


def _is_memory(error: BaseException) -> bool:
    """Say whether an error is one of memory: PyTorch has a class for CUDA's and only words for the processor's."""
    import torch

    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return any(words in str(error).lower() for words in _OUT_OF_MEMORY)


def _broken(checkpoint: Checkpoint, error: BaseException) -> ModelUnusableError:
    return ModelUnusableError(
        f"The checkpoint at {checkpoint.place} could not be loaded as {checkpoint.family.title}: {error}",
        metadata={"model": checkpoint.family.name},
    )
