"""`atelier models bench` as a user meets it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from atelier_models import installed
from atelier_models.bench.commands import absences, unrest
from atelier_models.bench.comparison import Result
from atelier_models.bench.contenders import ORDER
from atelier_models.commands import models
from click.testing import CliRunner
from click.testing import Result as Ended

if TYPE_CHECKING:
    from pathlib import Path

    from atelier_models.catalogue import Model


def bench(own: Path, *arguments: str) -> Ended:
    return CliRunner().invoke(
        models, ["bench", *arguments], env={"ATELIER_HOME": str(own), "COLUMNS": "150"}, catch_exceptions=False
    )


def test_it_prints_every_executor_as_json_and_changes_nothing(iris: Model, own: Path) -> None:
    before = installed.require(iris, own).contract

    told = json.loads(bench(own, "iris", "--rounds", "3", "--json").stdout)

    assert [("iris", name) for name in ORDER] == [(row["model"], row["executor"]) for row in told]
    assert sum(row["chosen"] for row in told) == 1
    assert all((row["absent"] is None) == (row["p50"] is not None) for row in told)
    assert before == installed.require(iris, own).contract


def test_the_table_has_those_that_are_here_and_a_line_for_each_that_is_not(iris: Model, own: Path) -> None:
    lines = bench(own, "iris", "--rounds", "3").stdout.splitlines()

    assert lines[0].split() == ["model", "executor", "best", "ms", "p50", "p90", "differs", "by", "chosen"]
    assert [" ".join(line.split()[:2]) for line in lines[1:3]] == ["iris openvino", "iris onnxruntime"]
    assert "tensorrt is absent: no NVIDIA GPU" in lines


def test_what_it_writes_is_what_it_says(iris: Model, own: Path) -> None:
    told = json.loads(bench(own, "iris", "--rounds", "3", "--write", "--json").stdout)

    [chosen] = [row for row in told if row["chosen"]]
    contract = installed.require(iris, own).contract
    assert (chosen["executor"], chosen["best"]) == (
        contract["executor"],
        contract["trial"]["milliseconds"][chosen["executor"]],
    )


def test_a_model_that_is_not_installed_is_said_with_the_command(own: Path) -> None:
    ended = bench(own, "face_mesh")

    assert (ended.exit_code, "atelier models convert face_mesh" in ended.stderr) == (1, True)


def test_an_unknown_model_is_answered_with_those_that_are_known(own: Path) -> None:
    ended = bench(own, "nothing")

    assert (ended.exit_code, "There is no model called nothing; there is face_detector" in ended.stderr) == (2, True)


def test_an_absence_names_its_models_where_it_is_not_so_for_all() -> None:
    results = [
        Result("iris", "torch-compile", absent="torch: not installed"),
        Result("face_mesh", "torch-compile", absent="torch: not installed"),
        Result("iris", "tensorrt", absent="no engine"),
        Result("face_mesh", "tensorrt", 1.0, 1.0, 1.0, 0.1),
    ]

    assert absences(results) == [
        "torch-compile is absent: torch: not installed",
        "tensorrt is absent for iris: no engine",
    ]


@pytest.mark.parametrize(("p50", "warned"), [(1.2, False), (2.5, True)])
def test_a_busy_machine_is_said(p50: float, warned: bool) -> None:
    assert warned == bool(unrest([Result("iris", "openvino", 1.0, p50, 9.0, 0.1)]))
