"""Parts of a diffusion pipeline as ONNX graphs of free size: text encoders, the denoiser, the picture's decoder.

Each part is exported in the precision that it is to run in, since that is the graph's own. Decoders are left out of
half: their activations grow beyond its range, and pictures turn black.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import onnx
import torch
from atelier_sdk.errors import ModelUnusableError
from torch import nn

from atelier_models.engines.audit import MULTIPLYING, audit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from atelier_models.engines.precision import EnginePrecision

DTYPES: Final = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
OPSET: Final = 22  # the first in which convolutions take bfloat16
_TOKENS: Final = 77


@dataclass(frozen=True, slots=True)
class Part:
    """A part: what it computes in, its network, examples of its inputs, the free axes of each, its outputs' names."""

    name: str
    precision: EnginePrecision
    network: nn.Module
    inputs: dict[str, torch.Tensor]
    free: dict[str, dict[int, str]]
    outputs: tuple[str, ...]


def parts_of(pipeline: Any, precision: EnginePrecision) -> Iterator[Part]:
    """Yield the parts of a loaded Stable Diffusion XL or FLUX.1 pipeline that are engines' work.

    Raises ModelUnusableError for a pipeline whose denoiser is another.
    """
    dtype = DTYPES[precision]
    for name in ("text_encoder", "text_encoder_2"):
        if (encoder := getattr(pipeline, name, None)) is not None:
            yield _text_encoder(name, encoder.to(dtype), precision)
    kind = type(getattr(pipeline, "unet", None) or pipeline.transformer).__name__
    if kind == "UNet2DConditionModel":
        yield _unet(pipeline.unet.to(dtype), precision)
    elif kind == "FluxTransformer2DModel":
        yield _transformer(pipeline.transformer.to(dtype), precision)
    else:
        raise ModelUnusableError(
            f"There is no engine for a denoiser that is a {kind}; it runs in PyTorch.", metadata={"denoiser": kind}
        )
    decoding: EnginePrecision = "fp32" if precision == "fp16" else precision
    yield _decoder(pipeline.vae.to(DTYPES[decoding]), decoding)


def export(part: Part, path: Path) -> None:
    """Write a part as ONNX, checked and audited.

    Raises what PyTorch's exporter and ONNX's checker raise, and ModelUnusableError where arithmetic is of another
    precision than the part's.
    """
    shapes = {name: dict.fromkeys(axes, torch.export.Dim.AUTO) for name, axes in part.free.items()}
    program = torch.onnx.export(
        part.network.eval(),
        kwargs=part.inputs,
        dynamo=True,
        dynamic_shapes=shapes,
        input_names=list(part.inputs),
        output_names=list(part.outputs),
        opset_version=OPSET,
        verbose=False,
    )
    program.save(str(path))
    onnx.checker.check_model(str(path), full_check=True)
    audit(onnx.load(path), part.precision, operators=MULTIPLYING)


class _Encoder(nn.Module):
    """The states before the last layer, which denoisers read, and what sums the text up."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, input_ids: torch.Tensor) -> tuple[torch.Tensor, ...]:
        answer = self.encoder(input_ids, output_hidden_states=True)
        pooled = getattr(answer, "text_embeds", None)
        pooled = getattr(answer, "pooler_output", None) if pooled is None else pooled
        states = answer.hidden_states[-2] if pooled is not None else answer.last_hidden_state
        return (states,) if pooled is None else (states, pooled)


class _Unet(nn.Module):
    """A U-Net with its conditions as tensors."""

    def __init__(self, unet: nn.Module) -> None:
        super().__init__()
        self.unet = unet

    def forward(
        self,
        sample: torch.Tensor,
        timestep: torch.Tensor,
        encoder_hidden_states: torch.Tensor,
        text_embeds: torch.Tensor,
        time_ids: torch.Tensor,
    ) -> torch.Tensor:
        # The sizes beside it are encoded in float32, and ONNX joins tensors of one type alone.
        added = {"text_embeds": text_embeds.float(), "time_ids": time_ids}
        answer: torch.Tensor = self.unet(
            sample, timestep, encoder_hidden_states, added_cond_kwargs=added, return_dict=False
        )[0]
        return answer


class _Transformer(nn.Module):
    """A transformer that answers a tensor."""

    def __init__(self, transformer: nn.Module) -> None:
        super().__init__()
        self.transformer = transformer

    def forward(
        self,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor,
        pooled_projections: torch.Tensor,
        timestep: torch.Tensor,
        img_ids: torch.Tensor,
        txt_ids: torch.Tensor,
        guidance: torch.Tensor | None = None,
    ) -> torch.Tensor:
        answer: torch.Tensor = self.transformer(
            hidden_states,
            encoder_hidden_states=encoder_hidden_states,
            pooled_projections=pooled_projections,
            timestep=timestep,
            img_ids=img_ids,
            txt_ids=txt_ids,
            guidance=guidance,
            return_dict=False,
        )[0]
        return answer


class _Decoder(nn.Module):
    """The half of an autoencoder that makes pictures."""

    def __init__(self, vae: Any) -> None:
        super().__init__()
        self.vae = vae

    def forward(self, latent: torch.Tensor) -> torch.Tensor:
        answer: torch.Tensor = self.vae.decode(latent, return_dict=False)[0]
        return answer


def _text_encoder(name: str, encoder: Any, precision: EnginePrecision) -> Part:
    # In its plain form: the fused one leaves T5's heads in an order that the exporter cannot lay out anew.
    encoder.set_attn_implementation("eager")
    ids = torch.ones(2, _TOKENS, dtype=torch.int64)
    summed = "T5" not in type(encoder).__name__
    outputs = ("states", "summary") if summed else ("states",)
    return Part(name, precision, _Encoder(encoder), {"input_ids": ids}, {"input_ids": {0: "batch"}}, outputs)


def _unet(unet: Any, precision: EnginePrecision) -> Part:
    config, dtype, size = unet.config, DTYPES[precision], 16
    pooled = config.projection_class_embeddings_input_dim - 6 * config.addition_time_embed_dim
    inputs = {
        "sample": torch.randn(2, config.in_channels, size, size, dtype=dtype),
        "timestep": torch.tensor([500.0, 500.0], dtype=dtype),
        "encoder_hidden_states": torch.randn(2, _TOKENS, config.cross_attention_dim, dtype=dtype),
        "text_embeds": torch.randn(2, pooled, dtype=dtype),
        "time_ids": torch.tensor([[size, size, 0, 0, size, size]] * 2, dtype=dtype),
    }
    free = {name: {0: "batch"} for name in inputs}
    free["sample"] |= {2: "height", 3: "width"}
    return Part("unet", precision, _Unet(unet), inputs, free, ("noise",))


def _transformer(transformer: Any, precision: EnginePrecision) -> Part:
    config, dtype, side = transformer.config, DTYPES[precision], 8
    places = torch.zeros(side * side, 3, dtype=dtype)
    inputs = {
        "hidden_states": torch.randn(2, side * side, config.in_channels, dtype=dtype),
        "encoder_hidden_states": torch.randn(2, _TOKENS, config.joint_attention_dim, dtype=dtype),
        "pooled_projections": torch.randn(2, config.pooled_projection_dim, dtype=dtype),
        "timestep": torch.tensor([0.5, 0.5], dtype=dtype),
        "img_ids": places,
        "txt_ids": torch.zeros(_TOKENS, 3, dtype=dtype),
    }
    if config.guidance_embeds:
        inputs["guidance"] = torch.ones(2, dtype=dtype)
    free = {name: {0: "batch"} for name in inputs if not name.endswith("_ids")}
    free["hidden_states"] |= {1: "patches"}
    free |= {"img_ids": {0: "patches"}, "txt_ids": {}}
    return Part("transformer", precision, _Transformer(transformer), inputs, free, ("velocity",))


def _decoder(vae: Any, precision: EnginePrecision) -> Part:
    latent = torch.randn(2, vae.config.latent_channels, 16, 16, dtype=DTYPES[precision])
    free = {"latent": {0: "batch", 2: "height", 3: "width"}}
    return Part("vae_decoder", precision, _Decoder(vae), {"latent": latent}, free, ("picture",))
