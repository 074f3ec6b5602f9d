"""Turn one `.tflite` file into an ONNX graph that keeps the catalogue's contract.

Run inside the conversion environment: `python -m atelier_models.worker.tflite_to_onnx IN.tflite OUT.onnx CONTRACT.json`
with `{"names": {old: new}, "shapes": {new: [sizes without the batch]}, "opset": 17, "producer": "…"}`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import onnx

from atelier_models.worker import tensorflow_stand_in
from atelier_models.worker.graph import to_contract

if TYPE_CHECKING:
    from tf2onnx.graph import Graph, Node


class Contract(TypedDict):
    """What the graph is to look like from outside."""

    names: dict[str, str]
    shapes: dict[str, list[int]]
    opset: int
    producer: str


def transposed_convolution(graph: Graph, node: Node, _name: str, _arguments: list[object]) -> None:
    """Replace MediaPipe's own transposed convolution by ONNX's, between two transposes that the optimiser removes.

    Its weights are OHWI, its stride 2 and its padding SAME (mediapipe/util/tflite/operations/transpose_conv_bias.cc);
    with a 2×2 kernel no two outputs overlap and the padding is nil. ONNX wants IOHW.
    """
    kernel, shape, dtype = (
        graph.get_shape(node.input[1]),
        graph.get_shape(node.output[0]),
        graph.get_dtype(node.output[0]),
    )
    if kernel[1:3] != [2, 2]:
        raise ValueError(f"only a 2×2 kernel is known to need no padding, not {kernel[1:3]}")
    graph.remove_node(node.name)
    weights = graph.make_node("Transpose", [node.input[1]], attr={"perm": [3, 0, 1, 2]})  # folded by the optimiser
    nchw = graph.make_node("Transpose", [node.input[0]], attr={"perm": [0, 3, 1, 2]})
    convolved = graph.make_node(
        "ConvTranspose",
        [nchw.output[0], weights.output[0], node.input[2]],
        attr={"strides": [2, 2], "kernel_shape": [2, 2]},
    )
    graph.make_node(
        "Transpose",
        [convolved.output[0]],
        attr={"perm": [0, 2, 3, 1]},
        outputs=node.output,
        shapes=[shape],
        dtypes=[dtype],
    )


def convert(source: Path, opset: int) -> onnx.ModelProto:
    """Return the graph of a `.tflite` file in ONNX, its layout transposes removed where they cancel."""
    tensorflow_stand_in.put_in_place()  # before the imports below, which import TensorFlow
    from tf2onnx import optimizer, tfonnx
    from tf2onnx.optimizer.transpose_optimizer import TransposeOptimizer

    class ThroughHardSwish(TransposeOptimizer):  # type: ignore[misc]
        """The transpose optimiser, which does not know by itself that HardSwish works on each value alone."""

        def _initialize_handlers(self) -> None:
            super()._initialize_handlers()
            self._handler_map["HardSwish"] = self._simple_through_handler

    graph = tfonnx.process_tf_graph(
        None,
        opset=opset,
        tflite_path=str(source),
        custom_op_handlers={"TFL_Convolution2DTransposeBias": (transposed_convolution, [])},
    )
    passes = dict(optimizer._get_optimizers(), optimize_transpose=ThroughHardSwish)  # noqa: SLF001 - no public list
    optimised = optimizer.optimize_graph(graph, catch_errors=False, optimizers=passes)
    model: onnx.ModelProto = optimised.make_model(source.stem)
    return model


def main(arguments: list[str]) -> None:
    """Convert the file that the command line names."""
    source, target = Path(arguments[0]), Path(arguments[1])
    contract: Contract = json.loads(Path(arguments[2]).read_text())
    model = to_contract(convert(source, contract["opset"]), contract["names"], contract["shapes"])
    model.producer_name, model.doc_string = contract["producer"], ""
    onnx.save(model, target)


if __name__ == "__main__":
    main(sys.argv[1:])
