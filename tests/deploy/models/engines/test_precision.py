"""A graph at another precision is what its name says, and answers as the graph did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
import onnxruntime
import pytest
from atelier_models import catalogue, home, installed, parity
from atelier_models.engines.audit import audit
from atelier_models.engines.parity import ACCEPTED
from atelier_models.engines.precision import at_precision
from atelier_sdk.errors import ModelUnusableError
from onnx import TensorProto, helper

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

MODELS = catalogue.load().models


def answers(graph: onnx.ModelProto, inputs: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, dict(inputs)), strict=True))


# Measured on a processor, of an output's largest value: the segmenter 1.4e-2, at the edge of its mask, where a small
# step of the logit is a large one of the probability; the expression 2.5e-3; all others 4e-4 to 1.3e-3.
OFF_IN_HALF = {"person_segmenter": ACCEPTED["fp16"]}
OTHERS_OFF_IN_HALF = 5e-3


@pytest.mark.parametrize("name", sorted(MODELS))
def test_a_default_model_in_half_answers_as_in_float32(name: str) -> None:
    """ONNX Runtime imitates half on a processor."""
    place = installed.find(MODELS[name], home.default_home())
    if place is None:
        pytest.skip(f"{name} is not installed; run `make models`")
    graph = onnx.load(place.graph)
    half = at_precision(graph, "fp16")
    audit(half, "fp16")
    inputs = parity.pictures(MODELS[name])  # a portrait among them, and a batch that no graph was exported with

    expected, found = answers(graph, inputs), answers(half, inputs)

    for output, values in expected.items():
        share = np.abs(found[output] - values).max() / np.abs(values).max()
        assert share <= OFF_IN_HALF.get(name, OTHERS_OFF_IN_HALF), output


@pytest.mark.parametrize("name", sorted(MODELS))
def test_a_default_model_in_bfloat16_is_bfloat16_throughout(name: str) -> None:
    place = installed.find(MODELS[name], home.default_home())
    if place is None:
        pytest.skip(f"{name} is not installed; run `make models`")

    graph = at_precision(onnx.load(place.graph), "bf16")

    audit(graph, "bf16")
    assert [TensorProto.FLOAT] * len(graph.graph.input) == [
        border.type.tensor_type.elem_type for border in graph.graph.input
    ]


def test_a_float32_tensor_in_a_half_graph_is_named() -> None:
    nodes = [
        helper.make_node("Cast", ["picture"], ["half"], to=TensorProto.FLOAT16),
        helper.make_node("Relu", ["half"], ["lit"], name="light"),
        helper.make_node("Cast", ["lit"], ["single"], to=TensorProto.FLOAT),
        helper.make_node("Exp", ["single"], ["grown"], name="growth"),
        helper.make_node("Identity", ["grown"], ["result"]),
    ]
    border = [helper.make_tensor_value_info(each, TensorProto.FLOAT, ["n", 4]) for each in ("picture", "result")]
    graph = helper.make_model(helper.make_graph(nodes, "stray", border[:1], border[1:]))

    with pytest.raises(ModelUnusableError, match=r"single \(FLOAT\) at Exp growth"):
        audit(graph, "fp16")
    audit(graph, "fp16", allowed=("single", "grown"))


def test_weights_beyond_halfs_range_become_its_largest_number() -> None:
    weight = helper.make_tensor("weight", TensorProto.FLOAT, [1], [1e6])
    nodes = [helper.make_node("Mul", ["picture", "weight"], ["result"])]
    border = [helper.make_tensor_value_info(each, TensorProto.FLOAT, ["n"]) for each in ("picture", "result")]
    graph = helper.make_model(
        helper.make_graph(nodes, "large", border[:1], border[1:], [weight]),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )

    found = answers(at_precision(graph, "fp16"), {"picture": np.array([0.5], np.float32)})

    assert found["result"].tolist() == [32752.0]
