"""Executors are compared on the real model: who is here is timed and held to the graph, who is not says why."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from atelier_models import installed
from atelier_models.bench import comparison
from atelier_models.bench.comparison import Result
from atelier_models.bench.contenders import ORDER, SERVING, Gpu, Machine, open_contender
from atelier_models.repository import write_repository
from atelier_models.targets import Engines, running
from atelier_models.trial import in_turn
from atelier_sdk.errors import ModelUnusableError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    from atelier_models.backend.executor import Executor, Tensors
    from atelier_models.catalogue import Model
    from atelier_models.installed import Installed
    from numpy.typing import NDArray

HERE = Machine(threads=1)


class Off:
    """The answers of an executor, all of them off by so much."""

    def __init__(self, executor: Executor, by: float) -> None:
        self.executor, self.by = executor, by

    def run(self, inputs: Mapping[str, NDArray[np.float32]]) -> Tensors:
        return {name: values + self.by for name, values in self.executor.run(inputs).items()}


def let_be_off(monkeypatch: pytest.MonkeyPatch, **by: float) -> None:
    """Let executors be off by so much."""

    def open_(name: str, model: Model, place: Installed, home: Path, machine: Machine) -> Executor:
        executor = open_contender(name, model, place, home, machine)
        return Off(executor, by[name]) if name in by else executor

    monkeypatch.setattr(comparison, "open_contender", open_)


def test_who_is_here_is_timed_and_who_is_not_says_why(iris: Model, own: Path) -> None:
    results = comparison.compare(iris, own, HERE, rounds=5)

    assert list(ORDER) == [result.executor for result in results]
    found = {result.executor: result for result in results}
    for name in SERVING:
        best, p50, p90 = found[name].best or 0, found[name].p50 or 0, found[name].p90 or 0
        assert 0 < best <= p50 <= p90
        assert (found[name].holds, found[name].absent) == (True, None)
    assert found["tensorrt"].absent == "no NVIDIA GPU"
    assert (found["tensorrt"].best, found["tensorrt"].differs) == (None, None)


def test_the_fastest_that_serves_is_chosen(iris: Model, own: Path) -> None:
    results = comparison.compare(iris, own, HERE, rounds=3)

    best = {result.executor: result.best or 0 for result in results if result.executor in SERVING}
    assert [min(best, key=best.__getitem__)] == [result.executor for result in results if result.chosen]


@pytest.mark.parametrize("wrong", SERVING)
def test_one_that_answers_otherwise_than_the_graph_is_never_chosen(
    wrong: str, iris: Model, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_be_off(monkeypatch, **{wrong: 0.5})

    results = comparison.compare(iris, own, HERE, rounds=3)

    [off] = [result for result in results if result.executor == wrong]
    assert off.differs == pytest.approx(0.5 / iris.outputs["eye"].tolerance, rel=0.01)
    assert [*({*SERVING} - {wrong})] == [result.executor for result in results if result.chosen]


def test_where_none_is_right_nothing_is_chosen(iris: Model, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    let_be_off(monkeypatch, openvino=0.5, onnxruntime=float("nan"))

    with pytest.raises(ModelUnusableError, match="atelier models verify iris"):
        comparison.compare(iris, own, HERE, rounds=3)


def test_executors_take_turns_after_their_warm_up() -> None:
    ran: list[str] = []

    class Noted:
        def __init__(self, name: str) -> None:
            self.name = name

        def run(self, inputs: Mapping[str, NDArray[np.float32]]) -> Tensors:  # noqa: ARG002 - the protocol
            ran.append(self.name)
            return {}

    milliseconds = in_turn({"a": Noted("a"), "b": Noted("b")}, {}, rounds=3)

    assert ran == ["a"] * 5 + ["b"] * 5 + ["a", "b"] * 3
    assert {name: len(rounds) for name, rounds in milliseconds.items()} == {"a": 3, "b": 3}


def results(**milliseconds: float | None) -> list[Result]:
    """Results of a model: a best time, or that it is absent."""
    made = []
    for name, best in milliseconds.items():
        executor = name.replace("_", "-")
        if best is None:
            made.append(Result("iris", executor, absent="not here"))
        else:
            made.append(Result("iris", executor, best, best, best, differs=0.1))
    return made


@pytest.mark.parametrize("faster", SERVING)
def test_what_is_written_is_what_the_next_repository_runs(faster: str, iris: Model, own: Path) -> None:
    before = installed.require(iris, own)
    measured = results(openvino=4.0, onnxruntime=4.0)
    measured = [dataclasses.replace(each, best=1.0) if each.executor == faster else each for each in measured]

    comparison.write(comparison._marked(iris, measured), before, threads=3)

    after = installed.require(iris, own).contract
    assert (faster, 3, 1.0) == (after["executor"], after["trial"]["threads"], after["trial"]["milliseconds"][faster])
    assert "gpu" not in after
    kept = {key: value for key, value in before.contract.items() if key not in ("executor", "trial")}
    assert kept == {key: value for key, value in after.items() if key not in ("executor", "trial")}
    config = (write_repository([iris], own) / "iris" / "config.pbtxt").read_text()
    assert f'key: "executor" value {{ string_value: "{faster}" }}' in config


@pytest.mark.parametrize(("engine", "graph", "called"), [(1.0, 2.0, "tensorrt"), (2.0, 1.0, "onnxruntime")])
def test_on_a_gpu_engine_and_graph_are_chosen_between(
    engine: float, graph: float, called: str, iris: Model, own: Path
) -> None:
    measured = results(tensorrt=engine, torch_compile=0.5, onnxruntime_cuda=graph, openvino=4.0, onnxruntime=5.0)

    marked = comparison._marked(iris, measured)
    comparison.write(marked, installed.require(iris, own), threads=1)

    assert sum(result.chosen for result in marked) == 2
    assert ("openvino", called) == (
        installed.require(iris, own).contract["executor"],
        installed.require(iris, own).contract["gpu"],
    )


def test_one_alone_on_a_gpu_wins_over_nobody(iris: Model) -> None:
    measured = results(tensorrt=None, onnxruntime_cuda=1.0, openvino=4.0, onnxruntime=5.0)

    assert [result.executor for result in comparison._marked(iris, measured) if result.chosen] == ["openvino"]


def test_a_repository_for_gpus_takes_the_graph_where_it_was_faster(iris: Model, own: Path) -> None:
    place = installed.require(iris, own)
    installed.write_contract(place.folder, {**place.contract, "gpu": "onnxruntime"})

    how = running(iris, own, "gpu", Engines((89,)))

    assert ("onnxruntime", True, {installed.GRAPH}) == (how.backend, how.on_gpu, {*how.files})


def test_an_engine_that_was_not_built_is_absent_with_the_command(iris: Model, own: Path) -> None:
    machine = Machine(1, Gpu("NVIDIA L4", 89, "590.44"))

    found = {result.executor: result for result in comparison.compare(iris, own, machine, rounds=3)}

    assert "atelier models build iris" in (found["tensorrt"].absent or "")
