"""The networks that draw pixels, and how they are called.

All take `image`, float32 (N, H, W, 3), display-encoded 0..1. Those of this house answer `detail`: what the picture's
bicubic enlargement lacks. It is small, so that an executor may compute it in bfloat16 and a picture of 16 bits keeps
its bits. Networks from elsewhere have one output of another name, the picture as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from atelier_sdk.errors import ModelNotInstalledError, ModelUnusableError

from atelier_upscale.resample import resized

if TYPE_CHECKING:
    from atelier_imaging.models import ModelRunner
    from numpy.typing import NDArray

_INPUT: Final = "image"
_DETAIL: Final = "detail"
# How far around a pixel a network looks, in pixels of its input: ours by its twelve convolutions; others look further,
# at what counts ever less.
_OWN_REACH: Final = 12
_FOREIGN_REACH: Final = 32
_PROBE_SIDE: Final = 32
FACTORS: Final = (2, 4)


@dataclass(frozen=True, slots=True)
class Networks:
    """The two networks of one enlargement, the same twice where there is one; `reach` is in pixels of the input."""

    faithful: str
    restore: str
    factor: int
    reach: int


def own_networks(ratio: float) -> Networks:
    """Return this house's networks for an enlargement by `ratio`."""
    factor = FACTORS[0] if ratio <= FACTORS[0] else FACTORS[1]
    return Networks(f"upscaler_faithful_x{factor}", f"upscaler_restore_x{factor}", factor, _OWN_REACH)


def foreign_network(model: str, models: ModelRunner) -> Networks:
    """Return one network from elsewhere for both uses; what it makes of a small grey square tells its factor.

    Raises ModelNotInstalledError, and ModelUnusableError where it does not enlarge by one whole number both ways.
    """
    try:
        height, width = draw(models, model, np.full((1, _PROBE_SIDE, _PROBE_SIDE, 3), 0.5, np.float32)).shape[1:3]
    except ModelNotInstalledError as error:
        command = f"atelier models adopt {model} FILE.onnx --license SPDX"
        message = f"The upscaler {model} is not installed. Install it with: {command}"
        raise ModelNotInstalledError(message, metadata={"model": model, "command": command}) from error
    factor = height // _PROBE_SIDE
    if (height, width) != (factor * _PROBE_SIDE, factor * _PROBE_SIDE) or factor < FACTORS[0]:
        made = f"{width} x {height}"
        raise ModelUnusableError(
            f"The model {model} is no upscaler: it makes {made} of {_PROBE_SIDE} x {_PROBE_SIDE}.",
            metadata={"model": model, "made": made},
        )
    return Networks(model, model, factor, _FOREIGN_REACH)


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What a network answered, float32 (N, factor·H, factor·W, 3): the detail of a picture, or all of it."""

    values: NDArray[np.float32]
    is_detail: bool


def ask(models: ModelRunner, model: str, batch: NDArray[np.float32]) -> Answer:
    """Run a network on a batch, float32 (N, H, W, 3), display-encoded 0..1.

    Raises what `ModelRunner.infer` raises.
    """
    answer = models.infer(model, {_INPUT: batch})
    (values,) = answer.values()
    return Answer(values, _DETAIL in answer)


def draw(models: ModelRunner, model: str, batch: NDArray[np.float32]) -> NDArray[np.float32]:
    """Run a network on a batch and return whole pictures, whatever the network answers."""
    answer = ask(models, model, batch)
    if answer.is_detail:
        for each, picture in zip(answer.values, batch, strict=True):
            each += resized(picture, *answer.values.shape[1:3])
    return answer.values
