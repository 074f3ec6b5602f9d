"""PyTorch's compiler on the graphs, where PyTorch is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from atelier_models import installed
from atelier_models.backend.executor import open_executor
from atelier_models.bench import contenders
from atelier_models.bench.contenders import AbsentError, Machine, open_contender
from atelier_models.trial import largest_differences, random_inputs

if TYPE_CHECKING:
    from pathlib import Path

    from atelier_models.catalogue import Model


@pytest.mark.filterwarnings("ignore")  # the compiler's own, of itself
def test_what_it_compiles_answers_as_the_graph_does(iris: Model, own: Path) -> None:
    for package in ("torch", "onnx2fx"):
        pytest.importorskip(package, reason="needs PyTorch and onnx2fx: `make torch`")
    place, inputs = installed.require(iris, own), random_inputs(iris, 1, seed=3)

    compiled = open_contender("torch-compile", iris, place, own, Machine(threads=1))

    expected = open_executor("onnxruntime", place.graph, 1).run(inputs)
    differences = largest_differences(iris, compiled.run(inputs), expected)
    assert all(difference <= iris.outputs[name].tolerance for name, difference in differences.items())


def test_what_is_missing_is_named(iris: Model, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contenders, "find_spec", lambda name: None if name == "onnx2fx" else object())

    with pytest.raises(AbsentError, match="onnx2fx: not installed"):
        open_contender("torch-compile", iris, installed.require(iris, own), own, Machine(threads=1))
