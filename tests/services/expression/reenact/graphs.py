"""Tiny reenactment parts, made on the spot: real ONNX graphs of a network that smears what it draws."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import onnx
from atelier_expression.reenact.parts import INDEX, KIND, NAME
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from pathlib import Path

SIDE = 128
_FLOAT = TensorProto.FLOAT


def write_parts(folder: Path, seed: int = 0) -> Path:
    """Write four parts whose picture is the one that went in, smeared, and lit a little from one side."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    image, feature = [1, 3, SIDE, SIDE], [1, 3, 1, SIDE, SIDE]
    _write(folder, "appearance", {"image": image}, {"feature": feature}, _reshape("image", "feature", feature))
    outputs = {"pitch": 66, "yaw": 66, "roll": 66, "t": 3, "exp": 63, "scale": 1, "kp": 63}
    random = {name: rng.normal(0, 0.1, (1, count)).astype(np.float32) for name, count in outputs.items()}
    constants = [
        helper.make_node("Constant", [], [name], value=numpy_helper.from_array(value)) for name, value in random.items()
    ]
    _write(folder, "motion", {"image": image}, {name: [1, count] for name, count in outputs.items()}, constants)
    points = {"kp_source": [1, 21, 3], "kp_driving": [1, 21, 3]}
    _write(folder, "warp", {"feature": feature, **points}, {"warped": image}, _reshape("feature", "warped", image))
    smear = helper.make_node("AveragePool", ["warped"], ["smeared"], kernel_shape=[5, 5], pads=[2, 2, 2, 2])
    ramp = np.linspace(0.9, 1.1, SIDE, dtype=np.float32)[None, None, None]
    light = helper.make_node("Constant", [], ["light"], value=numpy_helper.from_array(ramp))
    lit = helper.make_node("Mul", ["smeared", "light"], ["image"])
    _write(folder, "generator", {"warped": image}, {"image": image}, [smear, light, lit])
    (folder / INDEX).write_text(json.dumps({"_class_name": KIND, "name": NAME}))
    return folder


def _reshape(source: str, target: str, shape: list[int]) -> list[onnx.NodeProto]:
    wanted = helper.make_node("Constant", [], ["wanted"], value=numpy_helper.from_array(np.array(shape, np.int64)))
    return [wanted, helper.make_node("Reshape", [source, "wanted"], [target])]


def _write(
    folder: Path,
    part: str,
    inputs: dict[str, list[int]],
    outputs: dict[str, list[int]],
    nodes: list[onnx.NodeProto],
) -> None:
    given, answered = (
        [helper.make_tensor_value_info(name, _FLOAT, shape) for name, shape in each.items()]
        for each in (inputs, outputs)
    )
    graph = helper.make_graph(nodes, part, given, answered)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    onnx.save(model, folder / f"{part}.onnx")
