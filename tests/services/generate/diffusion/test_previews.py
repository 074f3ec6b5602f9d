"""Previews: what the network takes the picture for, shown by a matrix that the checkpoint's own decoder taught.

A random network goes nowhere and a random decoder shows noise, so both are given a truth here: the network knows the
picture that it walks to, and the decoder shows four channels as colours. All between them is the pipelines' own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
import skimage.data
from atelier_generate.backend import Drawn, Preview
from atelier_generate.brief import Frame
from atelier_generate.diffusion.projection import Projection

from tests.services.generate.diffusion.conftest import events, pictures, previews, sketch

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_generate.diffusion.backend import DiffusersBackend
    from numpy.typing import NDArray

    Make = Callable[..., DiffusersBackend]

pytestmark = pytest.mark.filterwarnings("ignore")
FRAME, STEPS = Frame(128, 160), 4
# One channel a colour, and one that shows nothing.
COLOURS = np.array([[0.9, 0.1, 0.0], [0.1, 0.8, 0.1], [0.2, -0.1, 0.7], [0.0, 0.0, 0.0]], np.float32)


def likeness(preview: NDArray[np.uint8], picture: NDArray[np.float32]) -> float:
    """Correlation of a preview with the picture at its size."""
    height, width = preview.shape[:2]
    small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return float(np.corrcoef(small.ravel(), preview.ravel())[0, 1])


def portrait_latents() -> NDArray[np.float32]:
    """Latents (4, 20, 16) that the decoder below shows as a portrait."""
    head = cv2.resize(skimage.data.astronaut()[0:200, 140:300], (16, 20), interpolation=cv2.INTER_AREA)
    return np.asarray(np.moveaxis((head / 127.5 - 1) @ np.linalg.pinv(COLOURS), -1, 0), np.float32)


def given_a_truth(pipeline: Any) -> None:
    """Let a pipeline's network walk to a portrait, and its decoder show it."""
    import torch

    inner = torch.from_numpy(portrait_latents())
    shift = getattr(pipeline.vae.config, "shift_factor", None) or 0.0
    scale = pipeline.vae.config.scaling_factor

    def decode(latents: Any, **_: Any) -> tuple[Any]:
        seen = torch.einsum("bchw,cr->brhw", (latents - shift) * scale, torch.from_numpy(COLOURS))
        return (torch.tanh(torch.nn.functional.interpolate(seen, scale_factor=8, mode="bilinear")),)

    pipeline.vae.decode = decode
    if hasattr(pipeline, "unet"):

        def noise(sample: Any, timestep: Any, **_: Any) -> tuple[Any]:
            sigma = pipeline.scheduler.sigmas[pipeline.scheduler.step_index or 0]
            return ((sample * (sigma**2 + 1) ** 0.5 - _like(inner, sample)) / sigma,)

        pipeline.unet.forward = noise
        return

    def velocity(hidden_states: Any, timestep: Any, *_: Any, **__: Any) -> tuple[Any]:
        sigma = pipeline.scheduler.sigmas[pipeline.scheduler.step_index or 0]
        if isinstance(hidden_states, list):  # Z-Image: pictures with an axis for frames, and the other sign
            return ([-(one - _like(inner, one[:, 0])[:, None]) / sigma for one in hidden_states],)
        return ((hidden_states - _packed(_like(inner, hidden_states))) / sigma,)

    pipeline.transformer.forward = velocity


def _like(inner: Any, latents: Any) -> Any:
    """The target at another size: the rehearsal's."""
    import torch

    if latents.ndim == 3 and latents.shape[0] == 1:
        tokens = latents.shape[1]
        side = round(tokens**0.5) if round(tokens**0.5) ** 2 == tokens else 0
        size = (2 * side, 2 * side) if side else tuple(inner.shape[-2:])
    else:
        size = tuple(latents.shape[-2:])
    made = torch.nn.functional.interpolate(inner[None], size)
    return made[0] if latents.ndim == 3 and latents.shape[0] != 1 else made


def _packed(latents: Any) -> Any:
    batch, channels, height, width = latents.shape
    cut = latents.view(batch, channels, height // 2, 2, width // 2, 2).permute(0, 2, 4, 1, 3, 5)
    return cut.reshape(batch, height * width // 4, channels * 4)


@pytest.mark.parametrize("name", ["flux1-schnell", "z-image-turbo", "sdxl"])
def test_every_preview_is_like_the_portrait_that_comes_of_it(name: str, backend: Make) -> None:
    one = backend(name, steps=STEPS)
    object.__setattr__(one._settings, "side", 160)
    given_a_truth(one._studio.bench._thread.submit(one._studio._opened).result().pipeline)
    told = events(one, sketch(1, frame=FRAME), sketch(2, frame=FRAME), previews=True)
    shown, drawn = previews(told), pictures(told)
    head = np.moveaxis(portrait_latents(), 0, -1) @ COLOURS
    truth = cv2.resize(np.tanh(head) / 2 + 0.5, (FRAME.width, FRAME.height), interpolation=cv2.INTER_LINEAR)
    assert np.abs(drawn[0] - truth).mean() < 0.05  # the pipeline did walk there
    assert len(shown) == 2 * STEPS
    # Above 0.95 is alike at a glance; what is missing is the decoder's curve, which no matrix has.
    assert min(likeness(preview, drawn[0]) for preview in shown) > 0.95


@pytest.mark.parametrize("name", ["flux2-klein-4b", "flux1-schnell", "z-image-turbo", "sdxl", "unconditional"])
def test_previews_come_after_each_step_and_change_nothing(name: str, backend: Make) -> None:
    one = backend(name)
    told = events(one, previews=True)
    assert [type(event).__name__ for event in told] == ["Step", "Preview"] * 3 + ["Drawn"]
    preview = next(event for event in told if isinstance(event, Preview))
    assert (preview.candidate, preview.pixels.dtype.name, preview.pixels.ndim) == (0, "uint8", 3)
    plain = next(event for event in events(one) if isinstance(event, Drawn))
    assert np.array_equal(plain.pixels, pictures(told)[0])


def test_a_matrix_learns_a_linear_decoder_exactly() -> None:
    torch = pytest.importorskip("torch")
    latents = torch.randn(1, 4, 8, 6, generator=torch.Generator().manual_seed(0))
    picture = np.clip(np.moveaxis(latents[0].numpy(), 0, -1) @ (COLOURS / 8) + 0.5, 0, 1)
    one = Projection()
    assert one.show(latents, (8, 6)) is None
    one.learn(latents, np.asarray(picture, np.float32))
    shown = one.show(latents, (8, 6))
    assert shown is not None
    assert np.abs(shown / 255 - picture).max() < 0.01


def test_tokens_that_make_no_rectangle_are_not_shown() -> None:
    torch = pytest.importorskip("torch")
    one = Projection()
    one.learn(torch.randn(1, 7, 16), np.zeros((64, 64, 3), np.float32))
    assert not one.knows
