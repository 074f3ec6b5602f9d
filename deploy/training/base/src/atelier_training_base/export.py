"""Write the trained network as ONNX: weights in half precision, cast where they are used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import onnx
import torch
from atelier_generate.base.frame import GRID, HEIGHT, LOW, WIDTH
from onnx import TensorProto, helper, numpy_helper
from onnxscript.optimizer import optimize_ir
from torch import Tensor, nn

from atelier_training_base.network import ATTRIBUTES

if TYPE_CHECKING:
    from pathlib import Path

    from onnxscript import ir

OPSET: Final = 18
INPUTS: Final = ("noisy", "sigma", "low", "places", "attributes")
OUTPUT: Final = "residual"
HALF: Final = ".half"  # the end of a name in half precision
_WEIGHTS: Final = "network."  # how the names of an `Interleaved` network's weights begin
_SMALL: Final = 64  # numbers; shorter constants stay as they are


class Interleaved(nn.Module):
    """The network with pictures as (N, H, W, 3) and `sigma` as (N, 1), as the services send them."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, noisy: Tensor, sigma: Tensor, low: Tensor, places: Tensor, attributes: Tensor) -> Tensor:
        """Return the residual without noise (N, H, W, 3); see `Denoiser.forward`."""
        planes = (each.permute(0, 3, 1, 2) for each in (noisy, low, places))
        noisy, low, places = planes
        found: Tensor = self.network(noisy, sigma[:, 0], low, places, attributes)
        return found.permute(0, 2, 3, 1)


def example(count: int = 2, seed: int = 0) -> dict[str, Tensor]:
    """Return inputs of the right shapes and sizes."""
    generator = torch.Generator().manual_seed(seed)
    shapes = {
        "noisy": (count, HEIGHT, WIDTH, 3),
        "sigma": (count, 1),
        "low": (count, HEIGHT // LOW, WIDTH // LOW, 3),
        "places": (count, HEIGHT // GRID, WIDTH // GRID, 2),
        "attributes": (count, ATTRIBUTES + 1),
    }
    made = {name: torch.randn(shape, generator=generator) * 0.3 for name, shape in shapes.items()}
    made["sigma"] = made["sigma"].abs() + 0.05
    return made


def write_onnx(network: nn.Module, path: Path) -> None:
    """Write the network; the batch is free."""
    given = example()
    batch = torch.export.Dim("N", min=1, max=64)
    program = torch.onnx.export(
        Interleaved(network.to(memory_format=torch.contiguous_format)).eval(),
        tuple(given[name] for name in INPUTS),
        input_names=list(INPUTS),
        output_names=[OUTPUT],
        dynamic_shapes={name: {0: batch} for name in INPUTS},
        opset_version=OPSET,
        dynamo=True,
        optimize=False,  # that would fold weights into others of other names
    )
    if program is None:
        raise RuntimeError("PyTorch wrote no graph")
    optimize_ir(program.model, should_fold=_is_no_weight_folded)
    model = program.model_proto
    forget_origins(model)
    halve(model)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


def _is_no_weight_folded(node: ir.Node) -> bool | None:
    """Leave weights as they are, under the names that training knows them by; for the rest, None: as usual."""
    return False if any(value is not None and str(value.name).startswith(_WEIGHTS) for value in node.inputs) else None


def forget_origins(model: onnx.ModelProto) -> None:
    """Remove what the exporter notes of the sources that nodes come from: files and lines of one machine."""
    del model.metadata_props[:]
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for value in model.graph.value_info:
        del value.metadata_props[:]


def halve(model: onnx.ModelProto) -> None:
    """Store weights in half precision, each cast back before it is used; executors fold the casts when they load."""
    casts = []
    for number, weight in enumerate(model.graph.initializer):
        if weight.data_type != TensorProto.FLOAT or np.prod(weight.dims) < _SMALL:
            continue
        name = weight.name
        halved = numpy_helper.from_array(numpy_helper.to_array(weight).astype(np.float16), name + HALF)
        casts.append(helper.make_node("Cast", [halved.name], [name], name=f"{name}.cast", to=TensorProto.FLOAT))
        model.graph.initializer[number].CopyFrom(halved)
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
