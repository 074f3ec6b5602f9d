"""The graphs of face-api's networks against NumPy, layer by layer, with random weights of the true shapes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import onnx
import onnxruntime
import pytest
from atelier_models.worker import face_api, face_api_in_numpy
from atelier_models.worker.quantised import read_weights

if TYPE_CHECKING:
    from pathlib import Path

    from atelier_models.worker.quantised import Weights
    from numpy.typing import NDArray

OPSET = 17
# Float32 against float64, relative to the largest value of a layer: about 29 layers, each rounding once.
ROUNDING = 2e-5


class Shapes:
    """Draw weights of the shapes that a network asks for; scaled so that values neither vanish nor explode."""

    def __init__(self) -> None:
        self.weights: Weights = {}
        self._random = np.random.default_rng(7)

    def convolution(self, name: str, size: int, given: int, made: int) -> None:
        self._draw(f"{name}/filters", (size, size, given, made), size * size * given)
        self._draw(f"{name}/bias", (made,), 100)

    def scaled(self, name: str, size: int, given: int, made: int) -> None:
        self.convolution(f"{name}/conv", size, given, made)
        self.weights[f"{name}/scale/weights"] = self._random.uniform(0.5, 1.5, made).astype(np.float32)
        self._draw(f"{name}/scale/biases", (made,), 10)

    def separable(self, name: str, given: int, made: int) -> None:
        self._draw(f"{name}/depthwise_filter", (3, 3, given, 1), 9)
        self._draw(f"{name}/pointwise_filter", (1, 1, given, made), given)
        self._draw(f"{name}/bias", (made,), 100)

    def dense(self, name: str, given: int, made: int) -> None:
        self._draw(f"{name}/weights", (given, made), given)
        self._draw(f"{name}/bias", (made,), 100)

    def _draw(self, name: str, shape: tuple[int, ...], inputs: int) -> None:
        self.weights[name] = self._random.normal(0, inputs**-0.5, shape).astype(np.float32)


def encoder_weights() -> Weights:
    shapes, given = Shapes(), 32
    shapes.scaled("conv32_down", 7, 3, 32)
    for name, made, blocks in (("conv32", 32, 3), ("conv64", 64, 3), ("conv128", 128, 2), ("conv256", 256, 2)):
        downs = [f"{name}_down"] if name != "conv32" else []
        for block in [*downs, *(f"{name}_{index}" for index in range(1, blocks + 1))]:
            shapes.scaled(f"{block}/conv1", 3, given, made)
            shapes.scaled(f"{block}/conv2", 3, made, made)
            given = made
    for part in ("conv1", "conv2"):
        shapes.scaled(f"conv256_down_out/{part}", 3, 256, 256)
    shapes.dense("fc", 256, 128)
    shapes.weights["fc"] = shapes.weights.pop("fc/weights")
    return shapes.weights


def expression_weights() -> Weights:
    shapes, given = Shapes(), 3
    for block, made in enumerate((32, 64, 128, 256)):
        if block == 0:
            shapes.convolution("dense0/conv0", 3, given, made)
        else:
            shapes.separable(f"dense{block}/conv0", given, made)
        for step in range(1, 4):
            shapes.separable(f"dense{block}/conv{step}", made, made)
        given = made
    shapes.dense("fc", 256, 7)
    return shapes.weights


def age_weights() -> Weights:
    shapes, given = Shapes(), 32
    shapes.convolution("entry_flow/conv_in", 3, 3, 32)
    for name, made in (("entry_flow/reduction_block_0", 64), ("entry_flow/reduction_block_1", 128)):
        shapes.separable(f"{name}/separable_conv0", given, made)
        shapes.separable(f"{name}/separable_conv1", made, made)
        shapes.convolution(f"{name}/expansion_conv", 1, given, made)
        given = made
    for block in range(2):
        for step in range(3):
            shapes.separable(f"middle_flow/main_block_{block}/separable_conv{step}", 128, 128)
    shapes.separable("exit_flow/reduction_block/separable_conv0", 128, 256)
    shapes.separable("exit_flow/reduction_block/separable_conv1", 256, 256)
    shapes.convolution("exit_flow/reduction_block/expansion_conv", 1, 128, 256)
    shapes.separable("exit_flow/separable_conv", 256, 512)
    shapes.dense("fc/age", 512, 1)
    shapes.dense("fc/gender", 512, 2)
    return shapes.weights


NETWORKS = [
    ("face_recognition_model", encoder_weights, 150),
    ("face_expression_model", expression_weights, 112),
    ("age_gender_model", age_weights, 112),
]


def run_layers(model: onnx.ModelProto, names: list[str], image: NDArray[np.float64]) -> dict[str, NDArray[np.float32]]:
    """Run the graph with layers inside it as outputs too."""
    known = {value.name for value in model.graph.output}
    model.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in names if name not in known)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return dict(zip(names, session.run(names, {"image": image.astype(np.float32)}), strict=True))


@pytest.mark.parametrize(("name", "weights", "size"), NETWORKS)
def test_every_layer_answers_as_the_published_architecture_does(name: str, weights: object, size: int) -> None:
    assert callable(weights)
    drawn = weights()
    image = np.random.default_rng(3).uniform(0, 1, (2, size, size, 3)).astype(np.float32).astype(np.float64)
    expected = face_api_in_numpy.REFERENCES[name](image, drawn)
    found = run_layers(face_api.NETWORKS[name](drawn, OPSET), list(expected), image)
    assert len(expected) >= 5
    for layer, value in expected.items():
        reference = value.transpose(0, 3, 1, 2) if value.ndim == 4 else value
        assert found[layer].shape == reference.shape, layer
        assert np.abs(found[layer] - reference).max() <= ROUNDING * np.abs(reference).max(), layer
        assert reference.std() > 0, layer


def test_a_manifest_names_bytes_and_plain_numbers_one_after_the_other(tmp_path: Path) -> None:
    entries = [
        {"name": "a", "shape": [2, 2], "dtype": "float32", "quantization": {"dtype": "uint8", "scale": 0.5, "min": -1}},
        {"name": "b", "shape": [2], "dtype": "float32"},
    ]
    (tmp_path / "w.json").write_text(json.dumps([{"weights": entries, "paths": ["w.bin"]}]))
    (tmp_path / "w.bin").write_bytes(bytes([0, 2, 4, 255]) + np.array([3.5, -2], "<f4").tobytes())
    weights = read_weights(tmp_path / "w.bin")
    assert {name: value.tolist() for name, value in weights.items()} == {
        "a": [[-1.0, 0.0], [1.0, 126.5]],
        "b": [3.5, -2.0],
    }


@pytest.mark.parametrize(("content", "complaint"), [(b"ab", "ends within a"), (b"abcde", "1 bytes that its manifest")])
def test_weights_of_another_length_than_their_manifest_are_refused(
    tmp_path: Path, content: bytes, complaint: str
) -> None:
    entry = {"name": "a", "shape": [4], "dtype": "float32", "quantization": {"dtype": "uint8", "scale": 1, "min": 0}}
    (tmp_path / "w.json").write_text(json.dumps([{"weights": [entry]}]))
    (tmp_path / "w.bin").write_bytes(content)
    with pytest.raises(ValueError, match=complaint):
        read_weights(tmp_path / "w.bin")


def test_another_kind_of_number_is_refused(tmp_path: Path) -> None:
    (tmp_path / "w.json").write_text(json.dumps([{"weights": [{"name": "a", "shape": [1], "dtype": "int32"}]}]))
    (tmp_path / "w.bin").write_bytes(bytes(4))
    with pytest.raises(ValueError, match="a is stored as int32"):
        read_weights(tmp_path / "w.bin")
