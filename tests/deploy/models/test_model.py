"""Triton's side of a model, with a stand-in for the module that Triton gives its Python backend."""

from __future__ import annotations

import importlib
import json
import sys
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray


@dataclass
class Tensor:
    """A named array."""

    name: str
    values: NDArray[np.float32]

    def as_numpy(self) -> NDArray[np.float32]:
        return self.values


@dataclass
class TritonError(Exception):
    """What a request is refused with."""

    text: str
    code: int
    CANCELLED = 1
    INVALID_ARG = 3


@dataclass
class InferenceResponse:
    """The answer to one request."""

    output_tensors: list[Tensor]
    error: TritonError | None = None


@dataclass
class Request:
    """A request with one input."""

    values: NDArray[np.float32]
    cancelled: bool = False

    def is_cancelled(self) -> bool:
        return self.cancelled


@dataclass
class Doubling:
    """An executor that doubles its input and remembers the batches that it saw."""

    batches: list[int] = field(default_factory=list)

    def run(self, inputs: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        self.batches.append(len(inputs["image"]))
        return {"out": inputs["image"] * 2}


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    utilities = ModuleType("triton_python_backend_utils")
    vars(utilities).update(
        Tensor=Tensor,
        TritonError=TritonError,
        InferenceResponse=InferenceResponse,
        get_input_tensor_by_name=lambda request, name: Tensor(name, request.values),
    )
    monkeypatch.setitem(sys.modules, "triton_python_backend_utils", utilities)
    yield importlib.import_module("atelier_models.backend.model")
    sys.modules.pop("atelier_models.backend.model")


@pytest.fixture
def executor() -> Doubling:
    return Doubling()


@pytest.fixture
def served(backend: ModuleType, executor: Doubling, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    folder = tmp_path / "1"
    folder.mkdir()
    border = [{"name": "image", "dtype": "float32", "shape": [-1, 2]}]
    outputs = [{"name": "out", "dtype": "float32", "shape": [-1, 2]}]
    contract = {"inputs": border, "outputs": outputs, "precision": "bfloat16"}
    (folder / "model.json").write_text(json.dumps(contract))
    opened: list[tuple[str, Path, int, str]] = []

    def open_executor(name: str, graph: Path, threads: int, precision: str) -> Doubling:
        opened.append((name, graph, threads, precision))
        return executor

    monkeypatch.setattr(backend, "open_executor", open_executor)
    model = backend.TritonPythonModel()
    parameters = {"executor": {"string_value": "openvino"}, "threads": {"string_value": "2"}}
    config = json.dumps({"parameters": parameters})
    model.initialize({"model_repository": str(tmp_path), "model_version": "1", "model_config": config})
    assert opened == [("openvino", folder / "model.onnx", 2, "bfloat16")]
    return model


def execute(served: object, *requests: Request) -> list[InferenceResponse]:
    answers = served.execute(list(requests))  # type: ignore[attr-defined]  # the class is imported by the fixture
    assert isinstance(answers, list)
    return answers


def rows(count: int, start: float = 0.0) -> Request:
    return Request(np.arange(start, start + 2 * count, dtype=np.float32).reshape(count, 2))


def test_the_requests_of_a_batch_are_one_inference_and_each_gets_its_own_back(
    served: object, executor: Doubling
) -> None:
    requests = [rows(1), rows(3, 10.0), rows(2, 100.0)]
    answers = execute(served, *requests)
    assert executor.batches == [6]
    for request, answer in zip(requests, answers, strict=True):
        assert np.array_equal(answer.output_tensors[0].values, request.values * 2)


def test_a_single_request_is_run_as_it_came(served: object, executor: Doubling) -> None:
    answers = execute(served, rows(2))
    assert ([answer.error for answer in answers], executor.batches) == ([None], [2])


def test_a_cancelled_request_is_answered_without_inference(served: object, executor: Doubling) -> None:
    cancelled = Request(rows(4).values, cancelled=True)
    answers = execute(served, rows(1), cancelled, rows(1))
    codes = [answer.error.code if answer.error else None for answer in answers]
    assert (codes, executor.batches) == ([None, TritonError.CANCELLED, None], [2])


def test_a_batch_of_nothing_but_cancelled_requests_runs_nothing(served: object, executor: Doubling) -> None:
    execute(served, Request(rows(1).values, cancelled=True))
    assert executor.batches == []


@pytest.mark.parametrize(
    "values", [np.zeros((1, 3), np.float32), np.zeros((1, 2), np.float64), np.zeros((1, 2, 1), np.float32)]
)
def test_a_request_that_breaks_the_contract_is_refused_and_the_others_are_served(
    values: NDArray[np.float32], served: object, executor: Doubling
) -> None:
    answers = execute(served, Request(values), rows(1))
    assert answers[0].error is not None
    assert answers[0].error.code == TritonError.INVALID_ARG
    assert "input image must be float32 [-1, 2], not" in answers[0].error.text
    assert (answers[1].error, executor.batches) == (None, [1])
