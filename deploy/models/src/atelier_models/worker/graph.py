"""Changes to a converted graph: names of its border, a batch that is truly dynamic, the flat shapes of the contract.

A `.tflite` graph is written for a batch of one, and its reshapes say so: `[1, -1, 16]`. ONNX reads a 0 in a reshape as
"whatever the input has there", so every reshape that keeps the batch in front gets a 0 for its leading 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BATCH = "batch"


def rename_border(model: onnx.ModelProto, names: Mapping[str, str]) -> None:
    """Give inputs and outputs of the graph the names of the contract; `names` maps old to new.

    Raises `ValueError` when a name of the mapping is neither an input nor an output.
    """
    border = {value.name for value in (*model.graph.input, *model.graph.output)}
    if unknown := set(names) - border:
        raise ValueError(f"the graph has no input or output called {sorted(unknown)}; it has {sorted(border)}")
    for node in model.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for value in (*model.graph.input, *model.graph.output):
        value.name = names.get(value.name, value.name)


def free_reshapes(model: onnx.ModelProto) -> int:
    """Let every reshape to `[1, …]` take the batch of its input; return how many were changed.

    Raises `ValueError` for a reshape whose target does not start with 1 or 0, because its batch cannot be told.
    """
    constants = {constant.name: constant for constant in model.graph.initializer}
    freed: dict[str, onnx.TensorProto] = {}
    for node in model.graph.node:
        if node.op_type != "Reshape":
            continue
        target = numpy_helper.to_array(constants[node.input[1]])
        if target.size == 0 or target[0] not in (0, 1):
            raise ValueError(f"reshape {node.name} to {target.tolist()} does not keep a batch of one in front")
        name = "free_" + "_".join(str(size) for size in target[1:])
        freed[name] = numpy_helper.from_array(np.array([0, *target[1:]], np.int64), name)
        node.input[1] = name
    model.graph.initializer.extend(freed.values())
    return len(freed)


def drop_unused_constants(model: onnx.ModelProto) -> None:
    """Remove the constants that no node reads."""
    used = {name for node in model.graph.node for name in node.input}
    kept = [constant for constant in model.graph.initializer if constant.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)


def flatten_output(model: onnx.ModelProto, name: str) -> None:
    """Give the output `name` the shape `[batch, everything else]`, by its last reshape or by one more node."""
    producer = next(node for node in model.graph.node if name in node.output)
    if producer.op_type == "Reshape":
        target = numpy_helper.from_array(np.array([0, -1], np.int64), "flat")
        if all(constant.name != "flat" for constant in model.graph.initializer):
            model.graph.initializer.append(target)
        producer.input[1] = "flat"
        return
    producer.output[0] = f"{name}_unflattened"
    model.graph.node.append(
        helper.make_node("Flatten", [f"{name}_unflattened"], [name], name=f"flatten_{name}", axis=1)
    )


def declare_border(model: onnx.ModelProto, shapes: Mapping[str, Sequence[int]]) -> None:
    """Declare float32 inputs and outputs of the given shapes, batch left out, behind a dynamic batch."""
    del model.graph.value_info[:]
    for values in (model.graph.input, model.graph.output):
        declared = [
            helper.make_tensor_value_info(value.name, TensorProto.FLOAT, [BATCH, *shapes[value.name]])
            for value in values
        ]
        del values[:]
        values.extend(declared)


def to_contract(
    model: onnx.ModelProto, names: Mapping[str, str], shapes: Mapping[str, Sequence[int]]
) -> onnx.ModelProto:
    """Return the graph with the contract's names, shapes and free batch, checked.

    `shapes` are without the batch. Raises `ValueError` or `onnx.checker.ValidationError` when it cannot hold them.
    """
    rename_border(model, names)
    for value in model.graph.output:
        if len(shapes[value.name]) == 1 and len(value.type.tensor_type.shape.dim) != 2:
            flatten_output(model, value.name)
    free_reshapes(model)
    drop_unused_constants(model)
    declare_border(model, shapes)
    onnx.checker.check_model(model, full_check=True)
    return onnx.shape_inference.infer_shapes(model, strict_mode=True)
