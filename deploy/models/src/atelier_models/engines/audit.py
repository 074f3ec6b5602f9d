"""What precision a graph really has: no float32 that nobody asked for in a half graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import onnx
from atelier_sdk.errors import ModelUnusableError
from onnx import TensorProto

from atelier_models.engines.precision import TYPES, fixed_inputs

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from atelier_models.engines.precision import EnginePrecision

# Where the arithmetic of a network is: what else its author does in float32, such as sines of a place, costs little.
MULTIPLYING = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul"})
_FLOATS = {TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE}


def audit(
    model: onnx.ModelProto,
    precision: EnginePrecision,
    allowed: Iterable[str] = (),
    operators: Collection[str] | None = None,
) -> None:
    """Hold that everything between a graph's borders, or what `operators` take and give, is of the precision.

    Casts, tensors that an operator takes as float32 alone, and tensors whose names are `allowed` may be otherwise.
    Raises ModelUnusableError, which names the nodes.
    """
    inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    types = {value.name: value.type.tensor_type.elem_type for value in inferred.graph.value_info}
    types |= {weight.name: weight.data_type for weight in model.graph.initializer}
    opset = model.opset_import[0].version
    free = set(allowed) | {name for node in model.graph.node for name in fixed_inputs(node, opset, precision)}
    wrong = {
        name: node
        for node in model.graph.node
        if (node.op_type != "Cast" if operators is None else node.op_type in operators)
        for name in (*node.input, *node.output)
        if name not in free and types.get(name) in _FLOATS - {TYPES[precision]}
    }
    if wrong:
        raise ModelUnusableError(
            f"{len(wrong)} tensors are not {precision}: "
            + ", ".join(f"{name} ({TensorProto.DataType.Name(types[name])}) at {node.op_type} {node.name}"
                        for name, node in list(wrong.items())[:5]),
            metadata={"precision": precision, "tensors": str(len(wrong))},
        )  # fmt: skip
