"""What a model takes and gives: read from its `model.json`, held on every call."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from atelier_sdk.errors import ModelNotInstalledError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray


class TensorMismatchError(ValueError):
    """A tensor is not what the model's contract says: a fault of the code that calls, or of the executor."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One input or output: its name, dtype (`float32`) and shape; -1 is a dimension of any size."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    def check(self, array: NDArray[np.float32], *, of: str) -> None:
        """Raise TensorMismatchError unless `array` has this dtype and shape."""
        fits = len(array.shape) == len(self.shape) and all(
            want in (-1, have) for want, have in zip(self.shape, array.shape, strict=True)
        )
        if not fits:
            raise TensorMismatchError(f"{of}: {self.name} has shape {array.shape}, the model's is {self.shape}")
        if array.dtype != np.dtype(self.dtype):
            raise TensorMismatchError(f"{of}: {self.name} is {array.dtype}, the model's is {self.dtype}")

    def size_bytes(self, batch: int) -> int | None:
        """Return the bytes of this tensor in a batch of that size, or None where another dimension is open."""
        rest = self.shape[1:]
        if -1 in rest or not self.shape:
            return None
        return batch * int(np.prod(rest, dtype=np.int64)) * np.dtype(self.dtype).itemsize


@dataclass(frozen=True, slots=True)
class ModelContract:
    """An installed model: where it came from, what runs it and how precisely, what it takes and gives."""

    name: str
    version: str
    sha256: str
    license: str
    executor: str
    precision: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    path: Path

    def check_inputs(self, arrays: Mapping[str, NDArray[np.float32]]) -> None:
        """Raise TensorMismatchError unless `arrays` are exactly the model's inputs."""
        _check(self.name, self.inputs, arrays)

    def check_outputs(self, arrays: Mapping[str, NDArray[np.float32]]) -> None:
        """Raise TensorMismatchError unless `arrays` are exactly the model's outputs."""
        _check(self.name, self.outputs, arrays)


def _check(model: str, tensors: tuple[Tensor, ...], arrays: Mapping[str, NDArray[np.float32]]) -> None:
    names = {tensor.name for tensor in tensors}
    if names != set(arrays):
        raise TensorMismatchError(f"{model}: has tensors {sorted(names)}, was given {sorted(arrays)}")
    for tensor in tensors:
        tensor.check(arrays[tensor.name], of=model)


def read_contract(models: Path, name: str) -> ModelContract:
    """Read the contract of the newest installed version of a model from the folder `models`.

    Raises ModelNotInstalledError with the command that installs it.
    """
    versions = sorted((models / name).glob("*/model.json"), key=lambda path: _order(path.parent.name))
    if not versions:
        raise not_installed(name)
    path = versions[-1]
    said = json.loads(path.read_text(encoding="utf-8"))
    return ModelContract(
        name=said["name"],
        version=said["version"],
        sha256=said["sha256"],
        license=said["license"],
        executor=said["executor"],
        precision=said["precision"],
        inputs=tuple(Tensor(t["name"], t["dtype"], tuple(t["shape"])) for t in said["inputs"]),
        outputs=tuple(Tensor(t["name"], t["dtype"], tuple(t["shape"])) for t in said["outputs"]),
        path=path.with_name("model.onnx"),
    )


def not_installed(name: str) -> ModelNotInstalledError:
    """Return the error that says how to install a model."""
    command = f"atelier models convert {name}"
    return ModelNotInstalledError(
        f"The model {name} is not installed. Install it with: {command}", metadata={"model": name, "command": command}
    )


def _order(version: str) -> tuple[int, str]:
    return (int(version), "") if version.isdecimal() else (-1, version)
