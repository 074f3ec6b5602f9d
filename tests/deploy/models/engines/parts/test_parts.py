"""Parts of diffusion pipelines: exported, checked, right at sizes that they were not exported at, and built."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import onnxruntime
import pytest
from atelier_sdk.errors import ModelUnusableError
from onnx import TensorProto

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_models.engines.parts import Part
    from numpy.typing import NDArray

    from tests.deploy.models.engines.conftest import Builds
    from tests.deploy.models.engines.parts.conftest import Exported

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")  # of the exporter about itself
]
# Every kind of part once; FLUX.1's first text encoder and its decoder are of the same kinds as Stable Diffusion XL's.
PARTS = [
    ("sdxl", "text_encoder_2"),
    ("sdxl", "unet"),
    ("sdxl", "vae_decoder"),
    ("flux1", "text_encoder_2"),
    ("flux1", "transformer"),
]
# Sizes along the free axes: smallest, usual, largest. Exported was a batch of 2, 16 x 16, 64 patches.
RANGES = {"batch": (1, 2, 3), "height": (8, 16, 24), "width": (8, 16, 40), "patches": (16, 64, 96)}
OTHER = {"batch": 3, "height": 24, "width": 40, "patches": 96}
# Half carries eleven bits: some dozens of roundings of a 2048th, of the largest value. Measured: at most a thousandth.
TOLERANCE = {"fp32": 1e-4, "fp16": 5e-3}


def profile(part: Part) -> dict[str, list[list[int]]]:
    """Return smallest, usual and largest shape of every input."""
    return {
        name: [
            [RANGES[part.free[name][axis]][at] if axis in part.free[name] else size for axis, size in enumerate(shape)]
            for at in range(3)
        ]
        for name, shape in ((name, tensor.shape) for name, tensor in part.inputs.items())
    }


def other_inputs(part: Part) -> dict[str, Any]:
    """Return inputs of other sizes than the part was exported at."""
    import torch

    generator = torch.Generator().manual_seed(5)
    inputs = {}
    for name, tensor in part.inputs.items():
        shape = [OTHER[part.free[name][axis]] if axis in part.free[name] else n for axis, n in enumerate(tensor.shape)]
        if tensor.dtype == torch.int64:
            inputs[name] = torch.randint(3, 200, shape, generator=generator)
        else:
            inputs[name] = torch.rand(shape, generator=generator).to(tensor.dtype)
    return inputs


def answers(path: Any, inputs: dict[str, Any]) -> list[NDArray[np.float32]]:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return [np.asarray(each, np.float32) for each in session.run(None, {n: t.numpy() for n, t in inputs.items()})]


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
@pytest.mark.parametrize(("family", "name"), PARTS)
def test_a_part_answers_as_its_network_at_sizes_that_it_was_not_exported_at(
    family: str, name: str, precision: str, exported: Callable[..., Exported]
) -> None:
    import torch

    part, path = exported(family, name, precision)
    inputs = other_inputs(part)
    with torch.inference_mode():
        expected = copy.deepcopy(part.network).float()(
            **{name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in inputs.items()}
        )

    found = answers(path, inputs)

    wanted = [expected] if torch.is_tensor(expected) else list(expected)
    for was, is_ in zip(wanted, found, strict=True):
        largest = np.abs(was.numpy()).max()
        assert was.shape == is_.shape
        assert np.abs(was.numpy() - is_).max() <= TOLERANCE[part.precision] * largest


@pytest.mark.parametrize("precision", ["fp32", "fp16", "bf16"])
@pytest.mark.parametrize(("family", "name"), PARTS)
def test_a_part_is_built(
    family: str, name: str, precision: str, exported: Callable[..., Exported], built: Builds
) -> None:
    part, path = exported(family, name, precision)

    done = built(path.read_bytes(), [profile(part)])

    assert (done.status, done.said) == (0, "")
    assert len(done.plan) > 10_000


def test_a_decoder_is_never_in_half(exported: Callable[..., Exported]) -> None:
    part, path = exported("sdxl", "vae_decoder", "fp16")

    assert part.precision == "fp32"
    assert TensorProto.FLOAT16 not in {weight.data_type for weight in onnx.load(path).graph.initializer}


def test_arithmetic_of_another_precision_is_named(exported: Callable[..., Exported]) -> None:
    from atelier_models.engines.audit import MULTIPLYING, audit

    _, path = exported("sdxl", "text_encoder_2", "fp16")

    with pytest.raises(ModelUnusableError, match=r"are not fp32: .*FLOAT16.* at MatMul node_"):
        audit(onnx.load(path), "fp32", operators=MULTIPLYING)


def test_a_denoiser_of_another_kind_is_named(pipeline: Callable[[str], Any]) -> None:
    from atelier_models.engines import parts

    loaded = pipeline("flux1")
    loaded.transformer = loaded.vae

    with pytest.raises(ModelUnusableError, match="no engine for a denoiser that is a AutoencoderKL"):
        list(parts.parts_of(loaded, "fp32"))
