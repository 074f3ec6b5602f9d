"""The model that Triton's Python backend loads: one ONNX graph, a dynamic batch in one inference.

Triton hands over the requests of a dynamic batch. Those that were cancelled meanwhile or break the contract are
answered with an error; the tensors of the others are joined along the batch, executed once, and split again. Tensors in
shared memory arrive and leave like any other. Triton imports this file as a module of the version folder, hence the
relative import.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import numpy as np
import triton_python_backend_utils as pb_utils

from .executor import Executor, Tensors, open_executor

if TYPE_CHECKING:
    from collections.abc import Sequence


class Border(TypedDict):
    """One input or output of the graph; -1 is the batch."""

    name: str
    dtype: str
    shape: list[int]


class TritonPythonModel:
    """One instance of a model, called by Triton from one thread."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the graph of the version that Triton names; the executor and its threads come from the configuration."""
        folder = Path(args["model_repository"]) / args["model_version"]
        contract = json.loads((folder / "model.json").read_text())
        parameters = json.loads(args["model_config"])["parameters"]
        self._inputs: list[Border] = contract["inputs"]
        self._outputs: list[Border] = contract["outputs"]
        self._executor: Executor = open_executor(
            parameters["executor"]["string_value"],
            folder / "model.onnx",
            int(parameters["threads"]["string_value"]),
            contract["precision"],
        )

    def execute(self, requests: Sequence[pb_utils.InferenceRequest]) -> list[pb_utils.InferenceResponse]:
        """Answer every request of a dynamic batch, in order, with one inference for all that can be served."""
        answers: list[pb_utils.InferenceResponse | None] = [self._refusal(request) for request in requests]
        served = [index for index, answer in enumerate(answers) if answer is None]
        if served:
            tensors = [self._read(requests[index]) for index in served]
            for index, outputs in zip(served, self._infer(tensors), strict=True):
                answers[index] = pb_utils.InferenceResponse(
                    [pb_utils.Tensor(border["name"], outputs[border["name"]]) for border in self._outputs]
                )
        return [answer for answer in answers if answer is not None]

    def _infer(self, requests: list[Tensors]) -> list[Tensors]:
        """Run the requests as one batch and return what belongs to each."""
        if len(requests) == 1:
            return [self._executor.run(requests[0])]
        name = self._inputs[0]["name"]
        ends = np.cumsum([len(request[name]) for request in requests])[:-1]
        joined = {key: np.concatenate([request[key] for request in requests]) for key in requests[0]}
        outputs = {key: np.split(value, ends) for key, value in self._executor.run(joined).items()}
        return [
            {key: np.ascontiguousarray(parts[index]) for key, parts in outputs.items()}
            for index in range(len(requests))
        ]

    def _read(self, request: pb_utils.InferenceRequest) -> Tensors:
        return {
            border["name"]: pb_utils.get_input_tensor_by_name(request, border["name"]).as_numpy()
            for border in self._inputs
        }

    def _refusal(self, request: pb_utils.InferenceRequest) -> pb_utils.InferenceResponse | None:
        """Return the error that this request gets instead of an inference, if any."""
        if request.is_cancelled():
            return _error("the request was cancelled before its inference", pb_utils.TritonError.CANCELLED)
        tensors = self._read(request)
        batch = {len(tensor) for tensor in tensors.values()}
        if len(batch) != 1:
            return _error(f"the inputs differ in their batch: {sorted(batch)}", pb_utils.TritonError.INVALID_ARG)
        for border in self._inputs:
            got = tensors[border["name"]]
            if not _fits(got.shape, border["shape"]) or got.dtype != border["dtype"]:
                wanted = f"{border['dtype']} {border['shape']}"
                text = f"input {border['name']} must be {wanted}, not {got.dtype} {list(got.shape)}"
                return _error(text, pb_utils.TritonError.INVALID_ARG)
        return None


def _fits(shape: Sequence[int], wanted: Sequence[int]) -> bool:
    return len(shape) == len(wanted) and all(want in (-1, have) for have, want in zip(shape, wanted, strict=True))


def _error(text: str, code: int) -> pb_utils.InferenceResponse:
    return pb_utils.InferenceResponse(output_tensors=[], error=pb_utils.TritonError(text, code))
