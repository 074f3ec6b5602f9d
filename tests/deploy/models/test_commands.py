from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from atelier_models import catalogue as catalogue_file
from atelier_models.catalogue import Catalogue, Model, Source
from atelier_models.commands import models
from click.testing import CliRunner

Install = Callable[[Model, Path], Path]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ATELIER_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def toys(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    monkeypatch.setattr(catalogue_file, "load", lambda: catalogue)
    return catalogue


def test_every_command_explains_itself() -> None:
    assert isinstance(models, click.Group)
    for name in models.commands:
        result = CliRunner().invoke(models, [name, "--help"])
        assert (name, result.exit_code, "Usage:" in result.output) == (name, 0, True)
        assert len(result.output.splitlines()) > 6


def test_examples_keep_their_lines() -> None:
    shown = CliRunner().invoke(models, ["--help"]).output.splitlines()
    assert "  atelier models list          what there is and what is installed" in shown


def test_list_names_what_is_missing(home: Path) -> None:
    listed = json.loads(CliRunner().invoke(models, ["list", "--json"]).stdout)
    found = [(row["name"], row["installed"], row["executor"]) for row in listed]
    assert found == [(name, False, None) for name in catalogue_file.load().models]
    assert found[0] == ("face_detector", False, None)


def test_list_shows_executor_times_and_difference(
    home: Path, toys: Catalogue, model: Model, install_by_hand: Install
) -> None:
    folder = install_by_hand(model, home)
    difference = {"openvino": {"known": {"eye": 0.004}, "original_one_by_one": {"eye": 2e-05}}}
    (folder / "parity.json").write_text(json.dumps({"reference": "LiteRT", "difference": difference}))
    row = json.loads(CliRunner().invoke(models, ["list", "--json"]).stdout)[0]
    shown = {key: row[key] for key in ("installed", "executor", "milliseconds", "largest_difference", "size")}
    assert shown == {
        "installed": True,
        "executor": "openvino",
        "milliseconds": {"openvino": 1.5, "onnxruntime": 2.5},
        "largest_difference": 2e-05,
        "size": 5,
    }
    assert "openvino 1.5 ms" in CliRunner().invoke(models, ["list"], env={"COLUMNS": "200"}).stdout


def test_pull_prints_the_path_of_what_it_fetched(home: Path, toys: Catalogue, source: Source) -> None:
    result = CliRunner().invoke(models, ["pull"])
    assert (result.exit_code, result.stdout) == (0, f"{home / 'downloads' / source.file}\n")
    assert "Downloading toy 1.0" in result.stderr


def test_pull_without_a_network_ends_with_a_sentence_and_no_traceback(
    home: Path, toys: Catalogue, source: Source, registry: Path
) -> None:
    (registry / source.file).unlink()
    result = CliRunner().invoke(models, ["pull"])
    assert (result.exit_code, result.stdout, "Traceback" in result.stderr) == (1, "", False)
    assert "Error: toy 1.0 could not be fetched by pip" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["pull", "nothing"], "There is no source called nothing; there is toy, flux2-klein-4b,"),
        (["convert", "nothing"], "There is no model called nothing; there is toy."),
        (["verify", "--quick", "nothing"], "There is no model called nothing; there is toy."),
        (["bench", "nothing"], "There is no model called nothing; there is toy."),
        (["build", "nothing", "--sm", "89"], "There is no model called nothing; there is toy."),
        (
            ["parity", "nothing", "--sm", "89", "--triton", "here:1", "--gpu", "G", "--driver", "1"],
            "There is no model called nothing; there is toy.",
        ),
    ],
)
def test_an_unknown_name_is_answered_with_those_that_are_known(
    arguments: list[str], complaint: str, home: Path, toys: Catalogue
) -> None:
    result = CliRunner().invoke(models, arguments)
    assert (result.exit_code, complaint in result.stderr) == (2, True)


def test_verify_of_a_missing_model_says_how_to_install_it(home: Path, toys: Catalogue) -> None:
    result = CliRunner().invoke(models, ["verify", "--quick"])
    assert (result.exit_code, "run `atelier models convert toy`" in result.stderr) == (1, True)


def test_convert_and_repository_do_nothing_twice(
    home: Path, toys: Catalogue, model: Model, install_by_hand: Install
) -> None:
    folder = install_by_hand(model, home)
    assert CliRunner().invoke(models, ["convert"]).stdout == f"{folder / 'model.onnx'}\n"
    first, second = (json.loads(CliRunner().invoke(models, ["repository", "--json"]).stdout) for _ in range(2))
    assert first == second
    assert (first["models"], Path(first["path"]).parent) == (["toy"], home / "triton")


@pytest.mark.parametrize(
    ("name", "said"), [("stranger", "holds stranger, which is no model"), ("toy", "has no configuration of toy")]
)
def test_a_repository_with_what_is_no_model_is_not_published(
    name: str, said: str, home: Path, toys: Catalogue, model: Model, install_by_hand: Install, tmp_path: Path
) -> None:
    install_by_hand(model, home)
    (tmp_path / "repository" / name / "1").mkdir(parents=True)
    store = tmp_path / "store"

    result = CliRunner().invoke(models, ["publish", store.as_uri(), "--repository", str(tmp_path / "repository")])

    assert (result.exit_code, said in result.stderr, store.exists()) == (1, True, False)
