"""Models inside the process: the same contracts and errors as behind Triton."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest
from atelier_sdk.errors import CancelledError, DeadlineTooShortError, ModelNotInstalledError, ModelUnusableError
from atelier_service.cancellation import Cancellation
from atelier_service.models.contract import TensorMismatchError
from atelier_service.models.in_process import InProcessModels

from tests.services.kit.models.doubler import install

if TYPE_CHECKING:
    from pathlib import Path

    from atelier_service.models.backend import Arrays

ROWS = np.arange(6, dtype=np.float32).reshape(3, 2)


def infer(models: InProcessModels, x: object = ROWS, seconds: float = 10.0) -> Arrays:
    inputs = {"x": np.asarray(x)}
    return models.infer("doubler", inputs, cancellation=Cancellation(), deadline=time.monotonic() + seconds)


@pytest.mark.parametrize("executor", ["onnxruntime", "openvino"])
def test_values_are_right_on_each_executor_and_in_several_threads(tmp_path: Path, executor: str) -> None:
    models = InProcessModels(install(tmp_path, executor=executor))
    with ThreadPoolExecutor(3) as threads:
        answers = list(threads.map(lambda n: infer(models, ROWS + n)["y"], range(12)))
    for n, answer in enumerate(answers):
        np.testing.assert_array_equal(answer, 2 * (ROWS + n))
    assert models.installed("doubler").executor == f"in-process/{executor}"


def test_an_answer_belongs_to_the_caller(tmp_path: Path) -> None:
    models = InProcessModels(install(tmp_path, executor="openvino"))
    first = infer(models)["y"]
    infer(models, ROWS + 100)
    np.testing.assert_array_equal(first, 2 * ROWS)


def test_a_wrong_shape_is_told(tmp_path: Path) -> None:
    with pytest.raises(TensorMismatchError):
        infer(InProcessModels(install(tmp_path)), np.zeros((1, 3), np.float32))


def test_a_missing_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelNotInstalledError):
        infer(InProcessModels(tmp_path))


@pytest.mark.parametrize("executor", ["onnxruntime", "openvino"])
def test_a_damaged_model_is_told(tmp_path: Path, executor: str) -> None:
    folder = install(tmp_path, executor=executor)
    (file,) = folder.glob("*/*/model.onnx")
    file.write_bytes(file.read_bytes()[:40])
    with pytest.raises(ModelUnusableError, match="doubler is installed and cannot be loaded"):
        infer(InProcessModels(folder))


def test_a_passed_deadline_and_a_cancellation_run_nothing(tmp_path: Path) -> None:
    models = InProcessModels(install(tmp_path))
    with pytest.raises(DeadlineTooShortError):
        infer(models, seconds=-1)
    cancellation = Cancellation()
    cancellation.cancel(CancelledError("The caller cancelled."))
    with pytest.raises(CancelledError):
        models.infer("doubler", {"x": ROWS}, cancellation=cancellation, deadline=time.monotonic() + 10)
