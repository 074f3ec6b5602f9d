"""The three networks of face-api in NumPy and float64: the reference that their ONNX graphs are held against.

Written from the published architectures in their own layout, [batch, height, width, channels], without folding
anything. Slow and plain on purpose. Each function returns its layers by name, the last ones being the outputs.

Run inside the conversion environment:
`python -m atelier_models.worker.face_api_in_numpy WEIGHTS INPUT.npz OUTPUT.npz BORDER.json`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from atelier_models.worker.quantised import read_weights

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from atelier_models.worker.quantised import Weights

LayersByName = dict[str, "NDArray[np.float64]"]
MEAN_RGB = np.array([122.782, 117.001, 104.298])


def encoder(image: NDArray[np.float64], w: Weights) -> LayersByName:
    """Return the layers of the embedding network for RGB 0..1 [batch, 150, 150, 3]."""
    layers: LayersByName = {}

    def affine(x: NDArray[np.float64], name: str, stride: int, *, same: bool) -> NDArray[np.float64]:
        y = convolve(x, w[f"{name}/conv/filters"], stride, same=same) + w[f"{name}/conv/bias"]
        return y * w[f"{name}/scale/weights"] + w[f"{name}/scale/biases"]

    def residual(x: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        y = affine(relu(affine(x, f"{name}/conv1", 1, same=True)), f"{name}/conv2", 1, same=True)
        layers[name] = x + y
        return relu(layers[name])

    def down(x: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        y = affine(relu(affine(x, f"{name}/conv1", 2, same=False)), f"{name}/conv2", 1, same=True)
        short = windows(x, 2, 2).mean(axis=(-2, -1))
        whole = np.zeros((*short.shape[:3], y.shape[3]))
        whole[..., : short.shape[3]] += short
        whole[:, : y.shape[1], : y.shape[2]] += y
        layers[name] = whole
        return relu(whole)

    layers["conv32_down"] = affine((image * 255 - MEAN_RGB) / 256, "conv32_down", 2, same=False)
    x = windows(relu(layers["conv32_down"]), 3, 2).max(axis=(-2, -1))
    for name in ("conv32_1", "conv32_2", "conv32_3"):
        x = residual(x, name)
    x = down(x, "conv64_down")
    for name in ("conv64_1", "conv64_2", "conv64_3"):
        x = residual(x, name)
    x = down(x, "conv128_down")
    for name in ("conv128_1", "conv128_2"):
        x = residual(x, name)
    x = down(x, "conv256_down")
    for name in ("conv256_1", "conv256_2"):
        x = residual(x, name)
    x = down(x, "conv256_down_out")
    layers["embedding"] = x.mean(axis=(1, 2)) @ w["fc"]
    return layers


def expression(image: NDArray[np.float64], w: Weights) -> LayersByName:
    """Return the layers of the expression network for RGB 0..1 [batch, 112, 112, 3]."""
    layers: LayersByName = {}
    x = (image * 255 - MEAN_RGB) / 255
    for block in ("dense0", "dense1", "dense2", "dense3"):
        if block == "dense0":
            first = relu(convolve(x, w["dense0/conv0/filters"], 2, same=True) + w["dense0/conv0/bias"])
        else:
            first = relu(separable(x, w, f"{block}/conv0", 2))
        second = separable(first, w, f"{block}/conv1")
        third = separable(relu(first + second), w, f"{block}/conv2")
        fourth = separable(relu(first + second + third), w, f"{block}/conv3")
        layers[f"{block}/sum3"] = first + second + third + fourth
        x = relu(layers[f"{block}/sum3"])
    layers["probabilities"] = softmax(x.mean(axis=(1, 2)) @ w["fc/weights"] + w["fc/bias"])
    return layers


def age(image: NDArray[np.float64], w: Weights) -> LayersByName:
    """Return the layers of the network of age and sex for RGB 0..1 [batch, 112, 112, 3]."""
    layers: LayersByName = {}

    def reduction(x: NDArray[np.float64], name: str, *, activate: bool) -> NDArray[np.float64]:
        y = separable(relu(x) if activate else x, w, f"{name}/separable_conv0")
        y = separable(relu(y), w, f"{name}/separable_conv1")
        pooled = windows(padded(y, 3, 2, filling=-np.inf), 3, 2).max(axis=(-2, -1))
        wide = convolve(x, w[f"{name}/expansion_conv/filters"], 2, same=True) + w[f"{name}/expansion_conv/bias"]
        layers[name] = pooled + wide
        return layers[name]

    x = (image * 255 - MEAN_RGB) / 255
    x = relu(convolve(x, w["entry_flow/conv_in/filters"], 2, same=True) + w["entry_flow/conv_in/bias"])
    x = reduction(x, "entry_flow/reduction_block_0", activate=False)
    x = reduction(x, "entry_flow/reduction_block_1", activate=True)
    for name in ("middle_flow/main_block_0", "middle_flow/main_block_1"):
        y = separable(relu(x), w, f"{name}/separable_conv0")
        y = separable(relu(y), w, f"{name}/separable_conv1")
        x = layers[name] = separable(relu(y), w, f"{name}/separable_conv2") + x
    x = reduction(x, "exit_flow/reduction_block", activate=True)
    layers["exit_flow/separable_conv"] = separable(x, w, "exit_flow/separable_conv")
    features = relu(layers["exit_flow/separable_conv"]).mean(axis=(1, 2))
    layers["age"] = features @ w["fc/age/weights"] + w["fc/age/bias"]
    layers["sex"] = softmax(features @ w["fc/gender/weights"] + w["fc/gender/bias"])
    return layers


REFERENCES: dict[str, Callable[[NDArray[np.float64], Weights], LayersByName]] = {
    "face_recognition_model": encoder,
    "face_expression_model": expression,
    "age_gender_model": age,
}


def windows(x: NDArray[np.float64], size: int, stride: int) -> NDArray[np.float64]:
    """Return every window that lies inside: [batch, rows, columns, channels, size, size]."""
    return sliding_window_view(x, (size, size), axis=(1, 2))[:, ::stride, ::stride]


def padded(x: NDArray[np.float64], size: int, stride: int, filling: float = 0.0) -> NDArray[np.float64]:
    """Pad as TensorFlow's SAME does: as many windows as strides fit, an odd pixel at the end."""
    around = [(0, 0)]
    for side in x.shape[1:3]:
        total = max((-(-side // stride) - 1) * stride + size - side, 0)
        around.append((total // 2, total - total // 2))
    return np.pad(x, [*around, (0, 0)], constant_values=filling)


def convolve(x: NDArray[np.float64], filters: NDArray[np.float32], stride: int, *, same: bool) -> NDArray[np.float64]:
    """Convolve with filters [size, size, in, out]."""
    size = filters.shape[0]
    seen = windows(padded(x, size, stride) if same else x, size, stride)
    return np.asarray(np.tensordot(seen, filters.astype(np.float64), axes=((3, 4, 5), (2, 0, 1))))


def separable(x: NDArray[np.float64], w: Weights, name: str, stride: int = 1) -> NDArray[np.float64]:
    """Convolve each channel by itself with SAME padding, then mix channels and add the bias."""
    depthwise, pointwise = w[f"{name}/depthwise_filter"][..., 0], w[f"{name}/pointwise_filter"][0, 0]
    seen = windows(padded(x, depthwise.shape[0], stride), depthwise.shape[0], stride)
    mixed = np.einsum("nrcduv,uvd->nrcd", seen, depthwise.astype(np.float64)) @ pointwise
    return np.asarray(mixed + w[f"{name}/bias"])


def relu(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cut off what is negative."""
    return np.maximum(x, 0)


def softmax(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn logits [batch, classes] into probabilities."""
    powers = np.exp(x - x.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def main(arguments: list[str]) -> None:
    """Run the network on the pictures that the command line names."""
    weights, given, target, contract = (Path(argument) for argument in arguments)
    border = json.loads(contract.read_text())
    with np.load(given) as pictures:
        image = pictures["image"].astype(np.float64)
    layers = REFERENCES[border["network"]](image, read_weights(weights))
    outputs = {name: layers[tensor].astype(np.float32) for tensor, name in border["names"].items() if tensor in layers}
    np.savez(target, **outputs)  # type: ignore[arg-type]  # names are the outputs', never `allow_pickle`


if __name__ == "__main__":
    main(sys.argv[1:])
