"""One candidate, drawn by a pipeline: what it is called with, and what comes of it."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from atelier_generate.diffusion.families import STRENGTH
from atelier_generate.diffusion.watching import watching

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_service.diffusion.families import Lightning
    from numpy.typing import NDArray

    from atelier_generate.backend import Sketch
    from atelier_generate.diffusion.families import DrawingFamily
    from atelier_generate.diffusion.watching import Stepped

    Mode = DrawingFamily | Lightning

REHEARSAL_SIDE: Final = 512
_FIELD_SHARE: Final = 0.5**0.5


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """One candidate as it is asked for.

    `size` is (width, height). `ground` is the picture that it begins from, `references` are portraits of the person:
    uint8 (h, w, 3) in sRGB.
    """

    sketch: Sketch
    size: tuple[int, int]
    ground: NDArray[np.uint8] | None = None
    references: tuple[NDArray[np.uint8], ...] = ()
    previews: bool = False


def drawn(
    pipeline: Any,
    family: DrawingFamily,
    mode: Mode,
    wanted: Wanted,
    strength: float,
    after: Callable[[Stepped], Any],
    *,
    steps: int | None = None,
) -> NDArray[np.float32]:
    """Run a pipeline for a candidate; return it as float32 (height, width, 3), 0..1, encoded for display.

    `after` is called on every step and may raise to stop there. The chance is the seed's alone, drawn on the processor,
    so that the device does not change it.
    """
    import torch

    arguments = {**mode.call, **_arguments(pipeline, family, wanted, mode.steps, strength)}
    if steps is not None:
        arguments["num_inference_steps"] = steps
    with torch.inference_mode(), watching(pipeline, after):
        answer = pipeline(
            generator=torch.Generator("cpu").manual_seed(wanted.sketch.seed), output_type="np", **arguments
        )
    pixels = np.clip(np.nan_to_num(np.asarray(answer.images[0], np.float32)), 0, 1)
    return np.ascontiguousarray(np.broadcast_to(pixels[..., :3], (*pixels.shape[:2], 3)))


def _arguments(pipeline: Any, family: DrawingFamily, wanted: Wanted, steps: int, strength: float) -> dict[str, Any]:
    """Say what is asked for in the words of a pipeline; of what it has no word for, nothing."""
    width, height = wanted.size
    said: dict[str, Any] = {"num_inference_steps": steps, "width": width, "height": height}
    if family.reads_words:
        said["prompt"] = wanted.sketch.prompt
    if family.negative:
        said["negative_prompt"] = wanted.sketch.negative_prompt or " "
    if wanted.ground is not None and family.ground == STRENGTH:
        # Image to image makes this share of the steps, and must make one.
        said |= {"image": _shown(wanted.ground), "strength": max(strength, 1 / steps)}
    elif pictures := [*wanted.references, *([] if wanted.ground is None else [wanted.ground])]:
        said["image"] = [_shown(picture) for picture in pictures]
    takes = inspect.signature(pipeline.__call__).parameters
    return {name: value for name, value in said.items() if name in takes}


def _shown(pixels: NDArray[np.uint8]) -> Any:
    from PIL import Image

    return Image.fromarray(pixels)


def coloured(latents: Any, seed: int) -> Any:
    """Return latents of that shape whose values are coarse and fine chance in equal parts, of variance 1.

    Decoded they show every colour next to every other, in areas and in grain.
    """
    import torch

    chance = torch.Generator("cpu").manual_seed(seed)
    fine = torch.randn(latents.shape, generator=chance)
    if latents.ndim == 3:
        rows = max(1, latents.shape[1] // 16)
        coarse = torch.randn((latents.shape[0], rows, latents.shape[2]), generator=chance)
        coarse = coarse.repeat_interleave(-(-latents.shape[1] // rows), dim=1)[:, : latents.shape[1]]
    else:
        shape = [*latents.shape[:-2], *(max(1, each // 8) for each in latents.shape[-2:])]
        coarse = torch.randn(shape, generator=chance)
        for axis in (-2, -1):
            times = -(-latents.shape[axis] // coarse.shape[axis])
            coarse = coarse.repeat_interleave(times, dim=axis).narrow(axis, 0, latents.shape[axis])
    return ((coarse + fine) * _FIELD_SHARE).to(latents.device, latents.dtype)
