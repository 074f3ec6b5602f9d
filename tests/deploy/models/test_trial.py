from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from atelier_models import trial
from atelier_sdk.errors import ModelUnusableError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atelier_models.backend.executor import Tensors
    from atelier_models.catalogue import Model
    from atelier_models.installed import Trial
    from numpy.typing import NDArray


class Clock:
    """A clock that only executors move."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Executor:
    """Answers with one value after so many seconds of the clock."""

    def __init__(self, model: Model, value: float, seconds: float, clock: Clock) -> None:
        self.model, self.value, self.seconds, self.clock = model, value, seconds, clock

    def run(self, inputs: Mapping[str, NDArray[np.float32]]) -> Tensors:  # noqa: ARG002 - the protocol's
        self.clock.seconds += self.seconds
        return {n: np.full((1, *b.shape), self.value, np.float32) for n, b in self.model.outputs.items()}


def choose(model: Model, monkeypatch: pytest.MonkeyPatch, **executors: tuple[float, float]) -> tuple[str, Trial]:
    clock = Clock()
    monkeypatch.setattr("time.perf_counter", clock)

    def open_(name: str, graph: Path, threads: int, precision: str) -> Executor:
        value, seconds = executors[name]
        return Executor(model, value, seconds, clock)

    return trial.choose_executor(model, Path("model.onnx"), open_)


def test_the_faster_executor_is_chosen_and_both_times_are_kept(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    name, measured = choose(model, monkeypatch, openvino=(1.0, 0.004), onnxruntime=(1.0, 0.002))
    assert (name, measured["milliseconds"]) == ("onnxruntime", {"openvino": 4.0, "onnxruntime": 2.0})
    assert measured["largest_difference"] == 0.0


def test_executors_that_disagree_are_refused(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelUnusableError, match=r"openvino and onnxruntime differ by 0\.5 in eye, more than 0\.001"):
        choose(model, monkeypatch, openvino=(1.0, 0.001), onnxruntime=(1.5, 0.001))


def test_a_value_that_is_not_finite_is_no_agreement(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelUnusableError, match="differ by inf"):
        choose(model, monkeypatch, openvino=(float("nan"), 0.001), onnxruntime=(float("nan"), 0.001))


def test_noise_covers_the_range_of_the_input_and_repeats(model: Model) -> None:
    first, again = (trial.random_inputs(model, 3, seed=7)["image"] for _ in range(2))
    assert (first.shape, first.dtype) == ((3, 64, 64, 3), np.dtype(np.float32))
    assert np.array_equal(first, again)
    assert 0.0 <= first.min() < 0.01 < 0.99 < first.max() <= 1.0
