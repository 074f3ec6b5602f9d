"""Memory of a device: whether an error is for want of it, and how all of it is given back."""

from __future__ import annotations

import traceback
from typing import Any, Final

# How an allocation that failed says so, where it has no class of its own.
_OUT_OF_MEMORY: Final = ("out of memory", "can't allocate memory", "not enough memory")


def is_memory(error: BaseException) -> bool:
    """Say whether an error is one of memory: PyTorch has a class for CUDA's and only words for the processor's."""
    import torch

    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _OUT_OF_MEMORY)


def give_back(pipeline: Any, error: BaseException | None = None) -> None:
    """Give back what a run of a pipeline left on its device; `error` is what stopped it half-way.

    An error holds the frames that it passed through, and they the tensors of the run, for as long as anybody keeps it:
    they are emptied, and where memory ran out forgotten, since what inner functions share cannot be emptied.
    """
    import torch

    while error is not None:
        traceback.clear_frames(error.__traceback__)
        if is_memory(error):
            error.__traceback__ = None
        error = error.__cause__ or error.__context__
    if pipeline is not None:
        pipeline.maybe_free_model_hooks()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
