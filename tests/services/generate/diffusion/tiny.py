"""Checkpoints of families that draw, made on the spot: every part real and random, none larger than a few layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import diffusers
import torch
import transformers
from tokenizers import pre_tokenizers

from tests.services.edit.diffusion.tiny import flux, qwen, tokenizer, written

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WIDTH = 16
_ALPHABET = sorted(pre_tokenizers.ByteLevel.alphabet())


def sdxl(folder: Path, channels: tuple[int, int] = (8, 16), levels: int = 4) -> Path:
    """Write a tiny Stable Diffusion XL.

    `channels` are those of its denoiser at full and at half size; `levels` are the sizes that its autoencoder works at.
    """
    torch.manual_seed(0)
    unet = diffusers.UNet2DConditionModel(
        block_out_channels=channels,
        norm_num_groups=4,
        layers_per_block=1,
        sample_size=16,
        in_channels=4,
        out_channels=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=(2, 4),
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        transformer_layers_per_block=(1, 1),
        projection_class_embeddings_input_dim=6 * 8 + WIDTH,
        cross_attention_dim=2 * WIDTH,
    )
    pipeline = diffusers.StableDiffusionXLPipeline(
        vae=_vae(4, diffusers.AutoencoderKL, levels),
        text_encoder=transformers.CLIPTextModel(_clip()),
        text_encoder_2=transformers.CLIPTextModelWithProjection(_clip()),
        tokenizer=_clip_tokenizer(),
        tokenizer_2=_clip_tokenizer(),
        unet=unet,
        scheduler=diffusers.EulerDiscreteScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1
        ),
        add_watermarker=False,
    )
    return written(pipeline, folder)


def flux1(folder: Path) -> Path:
    """Write a tiny FLUX.1 schnell."""
    torch.manual_seed(0)
    text = transformers.T5Config(vocab_size=300, d_model=WIDTH, d_kv=8, d_ff=WIDTH, num_layers=2, num_heads=2)
    pipeline = diffusers.FluxPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=1.0),
        vae=_vae(4, diffusers.AutoencoderKL, shift_factor=0.1),
        text_encoder=transformers.CLIPTextModel(_clip()),
        tokenizer=_clip_tokenizer(),
        text_encoder_2=transformers.T5EncoderModel(text),
        tokenizer_2=tokenizer(),
        transformer=diffusers.FluxTransformer2DModel(
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=WIDTH,
            pooled_projection_dim=WIDTH,
            axes_dims_rope=(4, 4, 8),
        ),
    )
    return written(pipeline, folder)


def z_image(folder: Path) -> Path:
    """Write a tiny Z-Image-Turbo."""
    torch.manual_seed(0)
    vocabulary = tokenizer()
    text = transformers.Qwen3Config(
        vocab_size=len(vocabulary),
        hidden_size=WIDTH,
        intermediate_size=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
    )
    transformer = diffusers.ZImageTransformer2DModel(
        in_channels=4,
        dim=32,
        n_layers=1,
        n_refiner_layers=1,
        n_heads=2,
        n_kv_heads=2,
        cap_feat_dim=WIDTH,
        axes_dims=[4, 4, 8],
        axes_lens=[1024, 64, 64],
    )
    # These begin as they are allocated.
    for name in ("x_pad_token", "cap_pad_token"):
        torch.nn.init.normal_(getattr(transformer, name), std=0.02)
    pipeline = diffusers.ZImagePipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=_vae(4, diffusers.AutoencoderKL, shift_factor=0.1),
        text_encoder=transformers.Qwen3Model(text),
        tokenizer=vocabulary,
        transformer=transformer,
    )
    return written(pipeline, folder)


def unconditional(folder: Path) -> Path:
    """Write a tiny unconditional model of 32 pixels."""
    torch.manual_seed(0)
    unet = diffusers.UNet2DModel(
        sample_size=32,
        block_out_channels=(8, 16),
        norm_num_groups=4,
        layers_per_block=1,
        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
    )
    return written(diffusers.DDPMPipeline(unet=unet, scheduler=diffusers.DDPMScheduler()), folder)


MAKERS: dict[str, Callable[[Path], Path]] = {
    "flux2-klein-4b": flux,
    "flux1-schnell": flux1,
    "z-image-turbo": z_image,
    "qwen-image-edit-2509": qwen,
    "sdxl": sdxl,
    "unconditional": unconditional,
}


def _vae(channels: int, kind: Any, levels: int = 4, **more: Any) -> Any:
    return kind(
        block_out_channels=(8,) * levels,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        layers_per_block=1,
        latent_channels=channels,
        norm_num_groups=2,
        sample_size=64,
        **more,
    )


def _clip() -> Any:
    return transformers.CLIPTextConfig(
        vocab_size=2 * len(_ALPHABET) + 2,
        hidden_size=WIDTH,
        intermediate_size=WIDTH,
        projection_dim=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        bos_token_id=2 * len(_ALPHABET),
        eos_token_id=2 * len(_ALPHABET) + 1,
        pad_token_id=2 * len(_ALPHABET) + 1,
    )


def _clip_tokenizer() -> Any:
    """Make a tokenizer of the CLIP kind: bytes, bytes that end a word, no merges."""
    words = [*_ALPHABET, *(f"{letter}</w>" for letter in _ALPHABET), "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {word: index for index, word in enumerate(words)}
    return transformers.CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=77)
