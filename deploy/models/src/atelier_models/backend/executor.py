"""The two runtimes that can execute a model's ONNX graph on a CPU, behind one call.

It serves three: Triton's Python backend, the trial that chooses between the runtimes, and the verification. It imports
nothing of Atelier, because a copy of it lies in the model repository.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

Tensors = dict[str, "NDArray[np.float32]"]


class Executor(Protocol):
    """Executes one graph."""

    def run(self, inputs: Mapping[str, NDArray[np.float32]]) -> Tensors:
        """Return every output of the graph by name; inputs are float32, C-contiguous, the batch first.

        The arrays returned are the caller's: they do not change with the next call.
        """


class OpenVinoExecutor:
    """OpenVINO on the CPU, in float32 or, where the model allows it and the processor has it, in bfloat16.

    Without the precision hint OpenVINO would take bfloat16 for every model, and landmarks would move by half a pixel.
    With the hint it would also take it on processors that must imitate it.
    """

    def __init__(self, graph: Path, threads: int, precision: str) -> None:
        import openvino  # here, so that a server loads only the runtime that it uses

        core = openvino.Core()
        has_bfloat16 = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        options = {
            "INFERENCE_PRECISION_HINT": "bf16" if precision == "bfloat16" and has_bfloat16 else "f32",
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads,
        }
        self._request = core.compile_model(graph, "CPU", options).create_infer_request()
        self._names = [output.any_name for output in self._request.model_outputs]

    def run(self, inputs: Mapping[str, NDArray[np.float32]]) -> Tensors:
        """Execute the graph; the outputs are copied out of the request's own memory."""
        results = self._request.infer(dict(inputs), share_inputs=True, share_outputs=True)
        return {name: np.array(results[name], np.float32) for name in self._names}


class OnnxRuntimeExecutor:
    """ONNX Runtime on the CPU, always in float32.

    Its threads sleep between calls, because they share the cores with other processes.
    """

    def __init__(self, graph: Path, threads: int, precision: str) -> None:  # noqa: ARG002 - both are opened alike
        import onnxruntime  # here, for the same reason

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
        self._names = [output.name for output in self._session.get_outputs()]

    def run(self, inputs: Mapping[str, NDArray[np.float32]]) -> Tensors:
        """Execute the graph."""
        return dict(zip(self._names, self._session.run(self._names, dict(inputs)), strict=True))


EXECUTORS: Mapping[str, type[OpenVinoExecutor | OnnxRuntimeExecutor]] = {
    "openvino": OpenVinoExecutor,
    "onnxruntime": OnnxRuntimeExecutor,
}


def open_executor(name: str, graph: Path, threads: int, precision: str = "float32") -> Executor:
    """Load `graph` into the runtime of that name, on at most `threads` threads. Raises `KeyError` for another name.

    `precision` is what the graph may be computed in: "float32" or "bfloat16".
    """
    return EXECUTORS[name](graph, threads, precision)
