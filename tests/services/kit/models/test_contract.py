"""A model's contract, held on every call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from atelier_sdk.errors import ModelNotInstalledError
from atelier_service.models.contract import Tensor, TensorMismatchError, read_contract

from tests.services.kit.models.doubler import install

if TYPE_CHECKING:
    from pathlib import Path


def test_the_newest_version_is_read(tmp_path: Path) -> None:
    for version in ("1", "10", "9"):
        install(tmp_path, version=version)
    assert read_contract(tmp_path, "doubler").version == "10"


def test_a_missing_model_names_the_command_that_installs_it(tmp_path: Path) -> None:
    with pytest.raises(ModelNotInstalledError, match="atelier models convert doubler"):
        read_contract(tmp_path, "doubler")


def test_what_fits_the_contract_passes(tmp_path: Path) -> None:
    contract = read_contract(install(tmp_path), "doubler")
    contract.check_inputs({"x": np.zeros((5, 2), np.float32)})
    assert contract.inputs == (Tensor("x", "float32", (-1, 2)),)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"z": np.zeros((1, 2), np.float32)}, r"has tensors \['x'\], was given \['z'\]"),
        ({"x": np.zeros((1, 3), np.float32)}, r"x has shape \(1, 3\), the model's is \(-1, 2\)"),
        ({"x": np.zeros((2,), np.float32)}, r"x has shape \(2,\)"),
        ({"x": np.zeros((1, 2), np.float64)}, "x is float64, the model's is float32"),
    ],
)
def test_what_does_not_fit_is_told_clearly(tmp_path: Path, arrays: dict[str, object], message: str) -> None:
    contract = read_contract(install(tmp_path), "doubler")
    with pytest.raises(TensorMismatchError, match=message):
        contract.check_inputs(arrays)  # type: ignore[arg-type]


def test_the_size_of_a_batch_is_known_where_only_the_batch_is_open() -> None:
    assert Tensor("x", "float32", (-1, 4, 3)).size_bytes(2) == 2 * 4 * 3 * 4
    assert Tensor("x", "float32", (-1, -1, 3)).size_bytes(2) is None
