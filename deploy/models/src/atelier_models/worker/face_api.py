"""The three networks of face-api as ONNX graphs: the embedding of a face, its expression, its age and sex.

* Embedding: the residual network of dlib's `dlib_face_recognition_resnet_model_v1` (Davis King; weights in the public
  domain), 29 convolutions, 150 × 150 in, 128 numbers out. King, "High Quality Face Recognition with Deep Metric
  Learning" (2017); He et al., "Deep Residual Learning for Image Recognition", arXiv:1512.03385.
* Expression: four densely connected blocks of separable convolutions. Huang et al., arXiv:1608.06993.
* Age and sex: a small Xception. Chollet, arXiv:1610.02357.

Each takes RGB 0..1 [batch, size, size, 3].
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from atelier_models.worker.layers import Layers

if TYPE_CHECKING:
    from collections.abc import Callable

    import onnx

    from atelier_models.worker.quantised import Weights

ENCODER_SIZE, SMALL_SIZE = 150, 112
# dlib divides by 256, face-api's own networks by 255.
ENCODER_DIVISOR, SMALL_DIVISOR = 256.0, 255.0
RESIDUAL_BLOCKS = (("conv32", 3), ("conv64", 3), ("conv128", 2), ("conv256", 2))
DENSE_BLOCKS, DENSE_STEPS = 4, 4
MIDDLE_BLOCKS = 2


def encoder(weights: Weights, opset: int) -> onnx.ModelProto:
    """Return the embedding network: `embedding` [batch, 128], not normalised."""
    net = Layers(weights)
    value = _scaled(net, net.normalised("image", ENCODER_DIVISOR), "conv32_down", stride=2, pad="VALID")
    value = net.node("MaxPool", [net.relu(value)], "pooled", kernel_shape=[3, 3], strides=[2, 2])
    for name, blocks in RESIDUAL_BLOCKS:
        if name != "conv32":
            value = _residual_down(net, value, f"{name}_down")
        for index in range(1, blocks + 1):
            value = _residual(net, value, f"{name}_{index}")
    value = _residual_down(net, value, "conv256_down_out")
    net.dense(net.mean(value, "mean_of_picture"), "embedding", weights["fc"])
    return net.model(("image", (ENCODER_SIZE, ENCODER_SIZE, 3)), {"embedding": (weights["fc"].shape[1],)}, opset)


def expression(weights: Weights, opset: int) -> onnx.ModelProto:
    """Return the expression network: `probabilities` [batch, 7]."""
    net = Layers(weights)
    value = net.normalised("image", SMALL_DIVISOR)
    for block in range(DENSE_BLOCKS):
        value = _dense_block(net, value, f"dense{block}", first=block == 0)
    logits = net.dense(net.mean(value, "mean_of_picture"), "fc", weights["fc/weights"], weights["fc/bias"])
    net.node("Softmax", [logits], "probabilities", axis=1)
    return net.model(("image", (SMALL_SIZE, SMALL_SIZE, 3)), {"probabilities": weights["fc/bias"].shape}, opset)


def age(weights: Weights, opset: int) -> onnx.ModelProto:
    """Return the network of `age` [batch, 1], in years, and `sex` [batch, 2], probabilities of male and female."""
    net = Layers(weights)
    value = _first(net, net.normalised("image", SMALL_DIVISOR), "entry_flow/conv_in")
    value = _reduction(net, value, "entry_flow/reduction_block_0", activate=False)
    value = _reduction(net, value, "entry_flow/reduction_block_1")
    for block in range(MIDDLE_BLOCKS):
        value = _main(net, value, f"middle_flow/main_block_{block}")
    value = _reduction(net, value, "exit_flow/reduction_block")
    value = net.relu(net.separable(value, "exit_flow/separable_conv"))
    features = net.mean(value, "mean_of_picture")
    net.dense(features, "age", weights["fc/age/weights"], weights["fc/age/bias"])
    logits = net.dense(features, "fc/gender", weights["fc/gender/weights"], weights["fc/gender/bias"])
    net.node("Softmax", [logits], "sex", axis=1)
    return net.model(("image", (SMALL_SIZE, SMALL_SIZE, 3)), {"age": (1,), "sex": (2,)}, opset)


NETWORKS: dict[str, Callable[[Weights, int], onnx.ModelProto]] = {
    "face_recognition_model": encoder,
    "face_expression_model": expression,
    "age_gender_model": age,
}


def _scaled(net: Layers, value: str, name: str, *, stride: int = 1, pad: str = "SAME") -> str:
    """Convolve, then scale and shift each channel: both folded into one convolution."""
    scale = net.weights[f"{name}/scale/weights"]
    filters = net.weights[f"{name}/conv/filters"] * scale
    bias = net.weights[f"{name}/conv/bias"] * scale + net.weights[f"{name}/scale/biases"]
    return net.convolution(value, name, filters, bias, stride=stride, pad=pad)


def _residual(net: Layers, value: str, name: str) -> str:
    inner = net.relu(_scaled(net, value, f"{name}/conv1"))
    return net.relu(net.sum([_scaled(net, inner, f"{name}/conv2"), value], name))


def _residual_down(net: Layers, value: str, name: str) -> str:
    """Halve the picture; the short way is an average, with zero channels where the long way has more.

    The long way loses a row and a column more where the picture's side is even; zeros at the end make up for it.
    """
    inner = net.relu(_scaled(net, value, f"{name}/conv1", stride=2, pad="VALID"))
    long = _scaled(net, inner, f"{name}/conv2")
    if name in ("conv256_down", "conv256_down_out"):
        long = net.node("Pad", [long, _padding(net, "end", (0, 0, 1, 1))], f"{name}/long")
    short = net.node("AveragePool", [value], f"{name}/short", kernel_shape=[2, 2], strides=[2, 2])
    filters = net.weights[f"{name}/conv1/conv/filters"]
    if more := filters.shape[3] - filters.shape[2]:
        short = net.node("Pad", [short, _padding(net, f"{name}/more", (0, more, 0, 0))], f"{name}/short_padded")
    return net.relu(net.sum([short, long], name))


def _padding(net: Layers, name: str, end: tuple[int, int, int, int]) -> str:
    return net.constant(f"padding/{name}", np.array((0, 0, 0, 0, *end), np.int64))


def _first(net: Layers, value: str, name: str) -> str:
    filters, bias = net.weights[f"{name}/filters"], net.weights[f"{name}/bias"]
    return net.relu(net.convolution(value, name, filters, bias, stride=2, pad="SAME"))


def _dense_block(net: Layers, value: str, name: str, *, first: bool) -> str:
    """Add up four convolutions, each of the sum of those before it; the first halves the picture."""
    start = _first(net, value, f"{name}/conv0") if first else net.relu(net.separable(value, f"{name}/conv0", stride=2))
    parts, total = [start], start
    for step in range(1, DENSE_STEPS):
        parts.append(net.separable(total, f"{name}/conv{step}"))
        total = net.relu(net.sum(parts, f"{name}/sum{step}"))
    return total


def _reduction(net: Layers, value: str, name: str, *, activate: bool = True) -> str:
    inner = net.separable(net.relu(value) if activate else value, f"{name}/separable_conv0")
    inner = net.separable(net.relu(inner), f"{name}/separable_conv1")
    pooled = net.node("MaxPool", [inner], f"{name}/pooled", kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER")
    filters, bias = net.weights[f"{name}/expansion_conv/filters"], net.weights[f"{name}/expansion_conv/bias"]
    wide = net.convolution(value, f"{name}/expansion_conv", filters, bias, stride=2, pad="SAME")
    return net.sum([pooled, wide], name)


def _main(net: Layers, value: str, name: str) -> str:
    inner = value
    for step in range(3):
        inner = net.separable(net.relu(inner), f"{name}/separable_conv{step}")
    return net.sum([inner, value], name)
