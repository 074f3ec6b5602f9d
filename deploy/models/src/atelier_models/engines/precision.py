"""Give a float32 graph another precision: since TensorRT 11 networks are strongly typed, it lives in the graph.

Weights and everything between become half or bfloat16; the graph still takes and gives float32, so that its contract
stays. What ONNX's operator schemas fix at float32, such as the scales of a Resize, stays float32 too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import ml_dtypes
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

EnginePrecision = Literal["fp32", "fp16", "bf16"]

TYPES: Final = {"fp32": TensorProto.FLOAT, "fp16": TensorProto.FLOAT16, "bf16": TensorProto.BFLOAT16}
_NAMES: Final = {"fp32": "tensor(float)", "fp16": "tensor(float16)", "bf16": "tensor(bfloat16)"}
_ARRAYS: Final = {"fp16": np.dtype(np.float16), "bf16": np.dtype(ml_dtypes.bfloat16)}
_LARGEST: Final = {"fp16": 65504.0, "bf16": float.fromhex("0x1.fep127")}
_OLDEST_FOR_BFLOAT16: Final = 22  # Conv and pooling take bfloat16 since this opset


def folded(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the graph with weights that are stored in another type and cast when it runs stored as float32."""
    result = onnx.ModelProto()
    result.CopyFrom(model)
    graph = result.graph
    stored = {weight.name: weight for weight in graph.initializer}
    kept = []
    for node in graph.node:
        weight = stored.get(node.input[0]) if node.op_type == "Cast" else None
        if weight is None or node.attribute[0].i != TensorProto.FLOAT:
            kept.append(node)
            continue
        graph.initializer.append(numpy_helper.from_array(_array(weight).astype(np.float32), node.output[0]))
    del graph.node[:]
    graph.node.extend(kept)
    used = {name for node in kept for name in node.input}
    unused = [weight for weight in graph.initializer if weight.name not in used]
    for weight in unused:
        graph.initializer.remove(weight)
    return result


def at_precision(model: onnx.ModelProto, precision: EnginePrecision) -> onnx.ModelProto:
    """Return a float32 graph at another precision, with float32 inputs and outputs.

    Raises what ONNX's checker raises.
    """
    result = folded(model)
    if precision == "fp32":
        return result
    if precision == "bf16" and result.opset_import[0].version < _OLDEST_FOR_BFLOAT16:
        result = onnx.version_converter.convert_version(result, _OLDEST_FOR_BFLOAT16)
    graph = result.graph
    opset = result.opset_import[0].version
    fixed = {name for node in graph.node for name in fixed_inputs(node, opset, precision)}
    for weight in graph.initializer:
        if weight.data_type == TensorProto.FLOAT and weight.name not in fixed:
            weight.CopyFrom(numpy_helper.from_array(_rounded(_array(weight), precision), weight.name))
    for node in graph.node:
        _retype(node, precision, fixed)
    _cast_borders(graph, precision)
    del graph.value_info[:]
    onnx.checker.check_model(result, full_check=True)
    return result


def fixed_inputs(node: onnx.NodeProto, opset: int, precision: EnginePrecision) -> Iterator[str]:
    """Yield the tensors of a node that ONNX lets it take as float32 and not in the precision."""
    schema = onnx.defs.get_schema(node.op_type, opset, node.domain)
    allowed = {constraint.type_param_str: constraint.allowed_type_strs for constraint in schema.type_constraints}
    for name, taken in zip(node.input, schema.inputs, strict=False):
        types = allowed.get(taken.type_str, [taken.type_str])
        if name and "tensor(float)" in types and _NAMES[precision] not in types:
            yield name


def _retype(node: onnx.NodeProto, precision: EnginePrecision, fixed: set[str]) -> None:
    """Bring constants and casts to the precision."""
    if fixed.intersection(node.output):
        return
    for attribute in node.attribute:
        if node.op_type == "Cast" and attribute.name == "to" and attribute.i == TensorProto.FLOAT:
            attribute.i = TYPES[precision]
        if attribute.type == onnx.AttributeProto.TENSOR and attribute.t.data_type == TensorProto.FLOAT:
            attribute.t.CopyFrom(numpy_helper.from_array(_rounded(_array(attribute.t), precision), attribute.t.name))


def _cast_borders(graph: onnx.GraphProto, precision: EnginePrecision) -> None:
    """Cast what comes in, and what goes out back to float32."""
    inner = {}
    before, after = [], []
    for border in graph.input:
        if border.type.tensor_type.elem_type == TensorProto.FLOAT:
            inner[border.name] = f"{border.name}_{precision}"
            before.append(helper.make_node("Cast", [border.name], [inner[border.name]], to=TYPES[precision]))
    for border in graph.output:
        inner[border.name] = f"{border.name}_{precision}"
        after.append(helper.make_node("Cast", [inner[border.name]], [border.name], to=TensorProto.FLOAT))
    for node in graph.node:
        for names in (node.input, node.output):
            renamed = [inner.get(name, name) for name in names]
            del names[:]
            names.extend(renamed)
    middle = list(graph.node)
    del graph.node[:]
    graph.node.extend([*before, *middle, *after])


def _array(tensor: onnx.TensorProto) -> NDArray[np.generic]:
    return np.asarray(numpy_helper.to_array(tensor))


def _rounded(values: NDArray[np.generic], precision: EnginePrecision) -> NDArray[np.generic]:
    """Round to the precision; what is too large for it becomes its largest number, never infinite."""
    largest = _LARGEST[precision]
    return np.clip(values.astype(np.float32), -largest, largest).astype(_ARRAYS[precision])
