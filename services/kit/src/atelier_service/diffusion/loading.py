"""From a checkpoint's files to a pipeline on a device."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from atelier_sdk.errors import HostUnsuitableError, ModelUnusableError

from atelier_service.diffusion.checkpoint import not_installed
from atelier_service.diffusion.memory import is_memory

if TYPE_CHECKING:
    from atelier_service.diffusion.checkpoint import Checkpoint
    from atelier_service.diffusion.families import Family

_NEEDED: Final = ("torch", "diffusers", "transformers", "accelerate")


def require_host(family: Family, distribution: str) -> None:
    """Raise HostUnsuitableError where packages are missing that a family needs.

    `distribution` is the service's, whose extra `diffusion` brings those that every family needs.
    """
    missing = [name for name in (*_NEEDED, *family.requires) if find_spec(name) is None]
    if not missing:
        return
    only = [name for name in missing if name in family.requires]
    command = f"pip install {' '.join(only)}" if only == missing else f"pip install '{distribution}[diffusion]'"
    raise HostUnsuitableError(
        f"{family.title} needs {', '.join(missing)}; run `{command}`.",
        metadata={"model": family.name, "missing": ",".join(missing), "command": command},
    )


def device_of(asked: str) -> str:
    """Return PyTorch's device: the one that is asked for, else a GPU where there is one."""
    import torch

    return asked or ("cuda" if torch.cuda.is_available() else "cpu")


def load(checkpoint: Checkpoint, device: str, kind: str = "") -> Any:
    """Load a pipeline from files of this machine, and join the adapter that came with it.

    `kind` is a floating-point type of PyTorch by name; empty: bfloat16 on an accelerator, float32 on a processor. Only
    weights in safetensors are read, which hold no code. Raises ModelNotInstalledError and ModelUnusableError.
    """
    import torch
    from diffusers import DiffusionPipeline
    from diffusers.utils.logging import disable_progress_bar
    from safetensors import SafetensorError

    family = checkpoint.family
    disable_progress_bar()  # a service's log is for lines
    try:
        pipeline = DiffusionPipeline.from_pretrained(
            checkpoint.place,
            revision=checkpoint.revision,
            dtype=getattr(torch, kind or ("float32" if device == "cpu" else "bfloat16")),
            local_files_only=True,
            use_safetensors=True,
        )
        _require_class(pipeline, family)
        pipeline.set_progress_bar_config(disable=True)
        return _with_lightning(pipeline, checkpoint)
    except OSError as error:
        # The hub's client says with OSError that its cache has no such thing; a folder was looked at before.
        if checkpoint.is_folder:
            raise _broken(checkpoint, error) from error
        raise not_installed(family, f"{checkpoint.place} (in the hub's cache)", checkpoint.otherwise) from error
    except (ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        if is_memory(error):
            raise
        raise _broken(checkpoint, error) from error


def _require_class(pipeline: Any, family: Family) -> None:
    found = type(pipeline).__name__
    if family.pipeline and found != family.pipeline:
        raise TypeError(f"it is a {found}")


def _with_lightning(pipeline: Any, checkpoint: Checkpoint) -> Any:
    """Join the adapter with the network, and set the scheduler as it was distilled."""
    if checkpoint.lightning is None or checkpoint.joined is None:
        return pipeline
    pipeline.load_lora_weights(str(checkpoint.lightning.parent), weight_name=checkpoint.lightning.name)
    pipeline.fuse_lora()
    pipeline.unload_lora_weights()
    scheduler, changes = pipeline.scheduler, checkpoint.joined.scheduler
    if changes:
        pipeline.scheduler = type(scheduler).from_config(scheduler.config, shift_terminal=None, **changes)
    return pipeline


def _broken(checkpoint: Checkpoint, error: BaseException) -> ModelUnusableError:
    return ModelUnusableError(
        f"The checkpoint at {checkpoint.place} could not be loaded as {checkpoint.family.title}: {error}",
        metadata={"model": checkpoint.family.name},
    )
