"""Write a trained network as ONNX, node by node.

No tracing: the graph is a dozen convolutions, and written by hand it has exactly the operators that every executor
fuses, readable names, and the same bytes whatever PyTorch's version. Weights are stored in half precision, which
moves no answer by more than a fraction of a level, and are cast where they are used; executors fold the casts when
they load.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from torch.nn import Conv2d

    from atelier_training_upscale.network import Upscaler

OPSET = 17


def write_onnx(network: Upscaler, scale: int, path: Path, *, half: bool = True) -> None:
    """Write the network of one scale.

    `image` float32 (N, H, W, 3), RGB, display-encoded, 0 to 1, becomes `detail` float32 (N, scale·H, scale·W, 3),
    what is to be added to the bicubic enlargement; N, H and W are free.
    """
    graph = _Graph(half=half)
    image = graph.add("Transpose", ["image"], "planes", perm=[0, 3, 1, 2])
    entry = graph.convolve(image, network.entry, "entry")
    features = entry
    for number, block in enumerate(network.blocks):
        inner = graph.add(
            "Relu", [graph.convolve(features, block.first, f"block{number}.first")], f"block{number}.relu"
        )
        outer = graph.convolve(inner, block.second, f"block{number}.second")
        features = graph.add("Add", [features, outer], f"block{number}")
    together = graph.add("Add", [entry, features], "features")
    sub_pixels = graph.convolve(together, network.heads[str(scale)], "sub_pixels", order=_depth_first(scale))
    shuffled = graph.add("DepthToSpace", [sub_pixels], "shuffled", blocksize=scale, mode="DCR")
    graph.add("Transpose", [shuffled], "detail", perm=[0, 2, 3, 1])
    onnx.save(graph.model(scale), path)


def _depth_first(scale: int) -> NDArray[np.int64]:
    """Return the order of a head's channels that DepthToSpace wants: three colours a sub-pixel, side by side."""
    return np.arange(3 * scale**2).reshape(3, scale**2).T.ravel()


class _Graph:
    def __init__(self, *, half: bool) -> None:
        self.half = half
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[TensorProto] = []

    def add(self, operator: str, inputs: list[str], name: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def convolve(self, given: str, layer: Conv2d, name: str, order: NDArray[np.int64] | None = None) -> str:
        arrays = {"weight": layer.weight, "bias": layer.bias}
        stored = []
        for part, parameter in arrays.items():
            values = parameter.detach().cpu().numpy().astype(np.float32)
            stored.append(self._constant(values if order is None else values[order], f"{name}.{part}"))
        return self.add("Conv", [given, *stored], name, kernel_shape=[3, 3], pads=[1, 1, 1, 1])

    def _constant(self, values: NDArray[np.float32], name: str) -> str:
        if not self.half:
            self.weights.append(numpy_helper.from_array(values, name))
            return name
        self.weights.append(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        return self.add("Cast", [f"{name}.half"], name, to=TensorProto.FLOAT)

    def model(self, scale: int) -> onnx.ModelProto:
        given = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", "H", "W", 3])
        taken = helper.make_tensor_value_info("detail", TensorProto.FLOAT, ["N", f"{scale}*H", f"{scale}*W", 3])
        graph = helper.make_graph(self.nodes, f"upscaler_x{scale}", [given], [taken], self.weights)
        opset = [helper.make_opsetid("", OPSET)]
        made = helper.make_model(graph, opset_imports=opset, ir_version=8, producer_name="atelier-training-upscale")
        onnx.checker.check_model(made, full_check=True)
        return made
