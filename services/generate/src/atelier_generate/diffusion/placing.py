"""A pipeline put on its device, with what spares memory or time there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atelier_generate.diffusion.settings import LAYERS, MODELS

if TYPE_CHECKING:
    from atelier_generate.diffusion.settings import DiffusersSettings


def place(pipeline: Any, settings: DiffusersSettings, device: str, *, begins_from_picture: bool) -> Any:
    """Put a pipeline on a device as the settings say; where portraits begin from a picture, its image-to-image form.

    On a processor nothing can be offloaded: the host's memory is the device's.
    """
    if begins_from_picture:
        from diffusers import AutoPipelineForImage2Image

        pipeline = AutoPipelineForImage2Image.from_pipe(pipeline)
        pipeline.set_progress_bar_config(disable=True)
    if settings.tiles and hasattr(pipeline, "vae"):
        pipeline.vae.enable_tiling()
    denoiser: Any = getattr(pipeline, "transformer", None) or getattr(pipeline, "unet", None)
    if settings.attention:
        denoiser.set_attention_backend(settings.attention)
    if settings.compiles:
        denoiser.compile(dynamic=False)
    return _on_device(pipeline, settings.offload, device)


def _on_device(pipeline: Any, offload: str, device: str) -> Any:
    if device == "cpu" or offload not in (MODELS, LAYERS):
        return pipeline.to(device)
    if offload == MODELS:
        pipeline.enable_model_cpu_offload(device=device)
    else:
        pipeline.enable_sequential_cpu_offload(device=device)
    return pipeline
