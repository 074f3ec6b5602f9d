from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from atelier_models import installed
from atelier_models.catalogue import Model
from atelier_sdk.errors import ModelNotInstalledError

Install = Callable[[Model, Path], Path]


def test_an_installed_model_is_found(model: Model, tmp_path: Path, install_by_hand: Install) -> None:
    folder = install_by_hand(model, tmp_path)
    found = installed.require(model, tmp_path)
    assert (found.folder, found.graph, found.contract["executor"]) == (folder, folder / "model.onnx", "openvino")


def test_a_damaged_graph_counts_as_missing(model: Model, tmp_path: Path, install_by_hand: Install) -> None:
    (install_by_hand(model, tmp_path) / "model.onnx").write_bytes(b"grap")
    assert installed.find(model, tmp_path) is None


@pytest.mark.parametrize("text", ["", "{}", '{"recipe": 1}'])
def test_a_damaged_contract_counts_as_missing(
    text: str, model: Model, tmp_path: Path, install_by_hand: Install
) -> None:
    (install_by_hand(model, tmp_path) / "model.json").write_text(text)
    assert installed.find(model, tmp_path) is None


def test_a_model_of_another_original_counts_as_missing(model: Model, tmp_path: Path, install_by_hand: Install) -> None:
    install_by_hand(model, tmp_path)
    assert installed.find(dataclasses.replace(model, member_sha256="0" * 64), tmp_path) is None


def test_a_missing_model_is_told_with_the_command_that_installs_it(model: Model, tmp_path: Path) -> None:
    with pytest.raises(ModelNotInstalledError, match="run `atelier models convert toy`"):
        installed.require(model, tmp_path)
