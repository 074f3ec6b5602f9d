"""Checkpoints of both families, made on the spot: every part real and random, none larger than a few layers."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import diffusers
import torch
import transformers
from tokenizers import pre_tokenizers

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

WIDTH = 16
_SPECIAL = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
_CHAT = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def flux(folder: Path) -> Path:
    """Write a tiny FLUX.2 klein."""
    torch.manual_seed(0)
    vocabulary = tokenizer()
    text = transformers.Qwen3Config(
        vocab_size=len(vocabulary),
        hidden_size=WIDTH,
        intermediate_size=WIDTH,
        num_hidden_layers=28,  # the pipeline reads the outputs of layers 9, 18 and 27
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
    )
    vae = diffusers.AutoencoderKLFlux2(
        block_out_channels=(4, 4, 4, 4), layers_per_block=1, latent_channels=4, norm_num_groups=2, sample_size=64
    )
    transformer = diffusers.Flux2Transformer2DModel(
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=3 * WIDTH,
        timestep_guidance_channels=16,
        axes_dims_rope=(4, 4, 4, 4),
        guidance_embeds=False,
    )
    pipeline = diffusers.Flux2KleinPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        vae=vae,
        text_encoder=transformers.Qwen3ForCausalLM(text),
        tokenizer=vocabulary,
        transformer=transformer,
        is_distilled=True,
    )
    return written(pipeline, folder)


def qwen(folder: Path) -> Path:
    """Write a tiny Qwen-Image-Edit-2509."""
    torch.manual_seed(0)
    vocabulary = tokenizer()
    ids = {name: vocabulary.convert_tokens_to_ids(name) for name in _SPECIAL}
    config = transformers.Qwen2_5_VLConfig(
        text_config={
            "vocab_size": len(vocabulary),
            "hidden_size": WIDTH,
            "intermediate_size": WIDTH,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [1, 1, 2]},
        },
        vision_config={
            "depth": 2,
            "hidden_size": WIDTH,
            "intermediate_size": WIDTH,
            "num_heads": 2,
            "out_hidden_size": WIDTH,
            "fullatt_block_indexes": [1],
        },
        bos_token_id=None,
        eos_token_id=None,
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
    )
    channels = 4
    vae = diffusers.AutoencoderKLQwenImage(
        base_dim=4,
        z_dim=channels,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        latents_mean=[0.0] * channels,
        latents_std=[1.0] * channels,
    )
    transformer = diffusers.QwenImageTransformer2DModel(
        in_channels=4 * channels,
        out_channels=channels,
        num_layers=2,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=WIDTH,
        axes_dims_rope=(4, 6, 6),
    )
    pictures = transformers.Qwen2VLImageProcessorPil(min_pixels=28 * 28, max_pixels=112 * 112)
    pipeline = diffusers.QwenImageEditPlusPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, shift_terminal=0.02),
        vae=vae,
        text_encoder=transformers.Qwen2_5_VLForConditionalGeneration(config),
        tokenizer=vocabulary,
        processor=processor_kind()(image_processor=pictures, tokenizer=vocabulary),
        transformer=transformer,
    )
    return written(pipeline, folder)


def tokenizer() -> Any:
    """Make a byte-level tokenizer of the Qwen kind without merges, with its special tokens."""
    alphabet = {letter: index for index, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    made = transformers.Qwen2TokenizerFast(vocab=alphabet, merges=[])
    made.add_special_tokens({"additional_special_tokens": list(_SPECIAL[1:])})
    made.chat_template = _CHAT
    return made


def processor_kind() -> type[Any]:
    """Return the processor's class: transformers' own, without the part for films where torchvision is missing."""
    whole: type[Any] = transformers.Qwen2VLProcessor
    if find_spec("torchvision") is not None:
        return whole

    class WithoutFilms(whole):  # type: ignore[misc]
        def __init__(self, image_processor: Any = None, tokenizer: Any = None, chat_template: Any = None) -> None:
            self.image_token, self.video_token = "<|image_pad|>", "<|video_pad|>"
            self.image_token_id = tokenizer.convert_tokens_to_ids(self.image_token)
            self.video_token_id = tokenizer.convert_tokens_to_ids(self.video_token)
            transformers.ProcessorMixin.__init__(self, image_processor, tokenizer, chat_template=chat_template)

        @classmethod
        def get_attributes(cls) -> list[str]:
            return ["image_processor", "tokenizer"]

    # Checkpoints name their classes.
    WithoutFilms.__name__, WithoutFilms.__module__ = whole.__name__, whole.__module__
    return WithoutFilms


def let_qwen_be_small(monkeypatch: pytest.MonkeyPatch, side: int) -> None:
    """Let Qwen-Image-Edit look at small pictures, and be loaded without the part for films."""
    from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_plus as pipeline

    # The pipeline enlarges what it is shown to a fixed area, which is too much for a test.
    monkeypatch.setattr(pipeline, "VAE_IMAGE_SIZE", side**2)
    monkeypatch.setattr(pipeline, "CONDITION_IMAGE_SIZE", 64**2)
    # diffusers looks the class up by its name; see `processor_kind`.
    monkeypatch.setattr(sys.modules["transformers"], "Qwen2VLProcessor", processor_kind())


def written(pipeline: Any, folder: Path) -> Path:
    """Save a pipeline as a checkpoint."""
    pipeline.save_pretrained(folder, safe_serialization=True)
    return folder
