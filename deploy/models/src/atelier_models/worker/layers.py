"""Layers of a small convolutional network, written as ONNX nodes.

Pictures are [batch, channels, height, width] inside, weights come as [height, width, in, out]. Every tensor is named
after the weights that made it, so that a graph can be compared with a reference layer by layer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from atelier_models.worker.quantised import Weights

IR_VERSION = 8
# What the networks were trained on: the mean of red, green and blue in 0..255.
MEAN_RGB = (122.782, 117.001, 104.298)


class Layers:
    """Write nodes one after the other; each method returns the name of the tensor it makes."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}

    def node(self, operator: str, inputs: Sequence[str], name: str, **attributes: Any) -> str:
        """Write one node with one output."""
        self._nodes.append(helper.make_node(operator, list(inputs), [name], name=name, **attributes))
        return name

    def constant(self, name: str, value: NDArray[np.generic]) -> str:
        """Hold a constant; the same name twice is the same constant."""
        self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def normalised(self, image: str, divisor: float) -> str:
        """Turn RGB 0..1 [batch, height, width, 3] into what the networks were trained on, channels first."""
        first = self.node("Transpose", [image], "channels_first", perm=[0, 3, 1, 2])
        scaled = self.node("Mul", [first, self.constant("gain", np.full(1, 255 / divisor, np.float32))], "scaled")
        mean = self.constant("mean", (np.array(MEAN_RGB).reshape(1, 3, 1, 1) / divisor).astype(np.float32))
        return self.node("Sub", [scaled, mean], "normalised")

    def convolution(
        self, value: str, name: str, filters: NDArray[np.float32], bias: NDArray[np.float32], *, stride: int, pad: str
    ) -> str:
        """Convolve; `pad` is TensorFlow's, SAME or VALID. Where SAME is uneven, the end has more."""
        kernel = self.constant(f"{name}/kernel", filters.transpose(3, 2, 0, 1))
        offset = self.constant(f"{name}/offset", bias)
        padding = "SAME_UPPER" if pad == "SAME" else "VALID"
        return self.node("Conv", [value, kernel, offset], name, strides=[stride, stride], auto_pad=padding)

    def depthwise(self, value: str, name: str, filters: NDArray[np.float32], *, stride: int) -> str:
        """Convolve each channel by itself, with SAME padding; filters are [height, width, channels, 1]."""
        kernel = self.constant(f"{name}/kernel", filters.transpose(2, 3, 0, 1))
        strides = [stride, stride]
        return self.node("Conv", [value, kernel], name, strides=strides, auto_pad="SAME_UPPER", group=filters.shape[2])

    def separable(self, value: str, name: str, *, stride: int = 1) -> str:
        """Convolve each channel by itself and mix the channels, as the weights below `name` say."""
        part = self.depthwise(value, f"{name}/depthwise", self.weights[f"{name}/depthwise_filter"], stride=stride)
        mixing, bias = self.weights[f"{name}/pointwise_filter"], self.weights[f"{name}/bias"]
        return self.convolution(part, name, mixing, bias, stride=1, pad="VALID")

    def relu(self, value: str) -> str:
        """Cut off what is negative."""
        return self.node("Relu", [value], f"{value}/positive")

    def sum(self, values: Sequence[str], name: str) -> str:
        """Add tensors of one shape."""
        return self.node("Sum", values, name)

    def mean(self, value: str, name: str) -> str:
        """Average over the picture: [batch, channels]."""
        pooled = self.node("GlobalAveragePool", [value], f"{name}/pooled")
        return self.node("Flatten", [pooled], name, axis=1)

    def dense(self, value: str, name: str, matrix: NDArray[np.float32], bias: NDArray[np.float32] | None = None) -> str:
        """Multiply with a matrix [in, out] and add a bias."""
        inputs = [value, self.constant(f"{name}/matrix", matrix)]
        if bias is not None:
            inputs.append(self.constant(f"{name}/offset", bias))
        return self.node("Gemm", inputs, name)

    def model(
        self, image: tuple[str, Sequence[int]], outputs: Mapping[str, Sequence[int | None]], opset: int
    ) -> onnx.ModelProto:
        """Return the graph; shapes are without the batch, an unknown size is None."""
        graph = helper.make_graph(
            self._nodes,
            "network",
            [_value(*image)],
            [_value(name, shape) for name, shape in outputs.items()],
            list(self._constants.values()),
        )
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=IR_VERSION)
        onnx.checker.check_model(made, full_check=True)
        return made


def _value(name: str, shape: Sequence[int | None]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape])
