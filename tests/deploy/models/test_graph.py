from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from atelier_models.worker.graph import free_reshapes, to_contract
from onnx import TensorProto, helper, numpy_helper


def graph_of_batch_one(target: list[int], output_shape: list[int]) -> onnx.ModelProto:
    """Make `y = reshape(relu(x))` as a converter writes it for a batch of one, [1, 2, 3] in."""
    nodes = [
        helper.make_node("Relu", ["x"], ["positive"]),
        helper.make_node("Reshape", ["positive", "target"], ["y"], name="reshape"),
    ]
    made = helper.make_graph(
        nodes,
        "toy",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, output_shape)],
        [numpy_helper.from_array(np.array(target, np.int64), "target")],
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def run(model: onnx.ModelProto, batch: int) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    image = np.arange(batch * 6, dtype=np.float32).reshape(batch, 2, 3)
    return np.asarray(session.run(["out"], {"image": image})[0])


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_a_graph_of_batch_one_takes_any_batch(batch: int) -> None:
    model = to_contract(
        graph_of_batch_one([1, -1, 1], [1, 6, 1]), {"x": "image", "y": "out"}, {"image": [2, 3], "out": [6, 1]}
    )
    expected = np.arange(batch * 6, dtype=np.float32).reshape(batch, 6, 1)
    assert np.array_equal(run(model, batch), expected)


def test_an_output_is_flattened_to_the_contract() -> None:
    model = to_contract(
        graph_of_batch_one([1, 1, 1, 6], [1, 1, 1, 6]), {"x": "image", "y": "out"}, {"image": [2, 3], "out": [6]}
    )
    assert run(model, 2).shape == (2, 6)


def test_names_and_a_free_batch_are_declared() -> None:
    model = to_contract(graph_of_batch_one([1, 6], [1, 6]), {"x": "image", "y": "out"}, {"image": [2, 3], "out": [6]})
    border = [*model.graph.input, *model.graph.output]
    declared = {
        value.name: [size.dim_param or size.dim_value for size in value.type.tensor_type.shape.dim] for value in border
    }
    assert declared == {"image": ["batch", 2, 3], "out": ["batch", 6]}


def test_a_reshape_that_folds_the_batch_away_is_refused() -> None:
    with pytest.raises(ValueError, match=r"reshape to \[6, 1\] does not keep a batch of one in front"):
        free_reshapes(graph_of_batch_one([6, 1], [6, 1]))


def test_a_contract_that_names_another_tensor_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no input or output called \['z'\]"):
        to_contract(graph_of_batch_one([1, 6], [1, 6]), {"z": "image"}, {})
