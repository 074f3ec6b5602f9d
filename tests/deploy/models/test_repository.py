from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from atelier_models.catalogue import Model
from atelier_models.repository import write_repository
from atelier_sdk.errors import ModelNotInstalledError

Install = Callable[[Model, Path], Path]


def test_a_repository_holds_all_that_triton_reads(model: Model, tmp_path: Path, install_by_hand: Install) -> None:
    install_by_hand(model, tmp_path)
    place = write_repository([model], tmp_path)
    found = sorted(str(path.relative_to(place)) for path in place.rglob("*") if path.is_file())
    assert found == [
        "toy/1/executor.py",
        "toy/1/model.json",
        "toy/1/model.onnx",
        "toy/1/model.py",
        "toy/config.pbtxt",
    ]


def test_the_same_models_are_the_same_repository_and_nothing_is_written(
    model: Model, tmp_path: Path, install_by_hand: Install
) -> None:
    install_by_hand(model, tmp_path)
    first = write_repository([model], tmp_path)
    written = (first / "toy" / "config.pbtxt").stat().st_mtime_ns
    assert write_repository([model], tmp_path) == first
    assert (first / "toy" / "config.pbtxt").stat().st_mtime_ns == written


def test_other_settings_are_another_repository_beside_it(
    model: Model, tmp_path: Path, install_by_hand: Install
) -> None:
    install_by_hand(model, tmp_path)
    first = write_repository([model], tmp_path)
    changed = dataclasses.replace(model, triton=dataclasses.replace(model.triton, instances=2))
    second = write_repository([changed], tmp_path)
    assert sorted((tmp_path / "triton").iterdir()) == sorted([first, second])


def test_a_model_that_is_not_installed_stops_it_and_leaves_nothing(model: Model, tmp_path: Path) -> None:
    with pytest.raises(ModelNotInstalledError):
        write_repository([model], tmp_path)
    assert not (tmp_path / "triton").exists()
