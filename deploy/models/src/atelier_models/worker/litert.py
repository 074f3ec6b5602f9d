"""Run a `.tflite` file in the runtime that it was made for, LiteRT, as the reference for its conversion.

Run inside the conversion environment:
`python -m atelier_models.worker.litert IN.tflite INPUT.npz OUTPUT.npz BORDER.json`.
INPUT.npz holds `image` float32 [N, height, width, 3]; OUTPUT.npz receives the outputs under the contract's names and
shapes, each picture run by itself because the file's batch is one.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

if TYPE_CHECKING:
    from numpy.typing import NDArray

TRANSPOSED_CONVOLUTION = b"Convolution2DTransposeBias"


def without_custom_operator(source: bytes) -> bytes:
    """Return the model with MediaPipe's transposed convolution written as LiteRT's own, which the plain runtime knows.

    The two compute the same (stride 2, padding SAME, OHWI weights, a bias); LiteRT's takes its inputs in another order
    and wants the shape of its output as a constant.
    """
    model = schema.ModelT.InitFromPackedBuf(source, 0)
    graph = model.subgraphs[0]
    for operator in graph.operators:
        code = model.operatorCodes[operator.opcodeIndex]
        if code.customCode != TRANSPOSED_CONVOLUTION:
            continue
        code.customCode = None
        code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.TRANSPOSE_CONV
        code.version = 3  # the first with a bias
        picture, weights, bias = operator.inputs
        operator.inputs = [_add_shape(model, graph.tensors[operator.outputs[0]].shape), weights, picture, bias]
        options = schema.TransposeConvOptionsT()
        options.strideW = options.strideH = 2
        options.padding = schema.Padding.SAME
        operator.builtinOptionsType, operator.builtinOptions = schema.BuiltinOptions.TransposeConvOptions, options
        operator.customOptions = None
    builder = flatbuffers.Builder(len(source))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _add_shape(model: schema.ModelT, shape: list[int]) -> int:
    """Add a constant int32 tensor that holds `shape`; return its index."""
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(np.asarray(shape, np.int32).tobytes(), np.uint8)
    model.buffers.append(buffer)
    tensor = schema.TensorT()
    tensor.shape, tensor.type, tensor.buffer = [len(shape)], schema.TensorType.INT32, len(model.buffers) - 1
    tensor.name = b"output_shape"
    tensors = model.subgraphs[0].tensors
    tensors.append(tensor)
    return len(tensors) - 1


def run(
    model: bytes, images: NDArray[np.float32], names: dict[str, str], shapes: dict[str, list[int]]
) -> dict[str, NDArray[np.float32]]:
    """Return the outputs of `images` float32 [N, height, width, 3], each [N, *shape of the contract]."""
    interpreter = Interpreter(model_content=without_custom_operator(model), num_threads=1)
    interpreter.allocate_tensors()
    given = interpreter.get_input_details()[0]["index"]
    taken = {names[output["name"]]: output["index"] for output in interpreter.get_output_details()}
    results: dict[str, list[NDArray[np.float32]]] = {name: [] for name in taken}
    for image in images:
        interpreter.set_tensor(given, image[None])
        interpreter.invoke()
        for name, index in taken.items():
            results[name].append(interpreter.get_tensor(index).reshape(shapes[name]).copy())
    return {name: np.stack(values) for name, values in results.items()}


def main(arguments: list[str]) -> None:
    """Run the model on the pictures that the command line names."""
    model, given, target, contract = (Path(argument) for argument in arguments)
    border = json.loads(contract.read_text())
    with np.load(given) as pictures:
        outputs = run(model.read_bytes(), pictures["image"], border["names"], border["shapes"])
    np.savez(target, **outputs)  # type: ignore[arg-type]  # names are the outputs', never `allow_pickle`


if __name__ == "__main__":
    main(sys.argv[1:])
