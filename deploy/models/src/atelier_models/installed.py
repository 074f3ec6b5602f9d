"""Models as they lie on disk: `models/<name>/<version>/` with the graph, its contract and its measured parity."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NotRequired, TypedDict

from atelier_sdk.errors import ModelNotInstalledError

from atelier_models.worker_runs import PROGRAMS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atelier_models.catalogue import Input, Model, Output

GRAPH, CONTRACT, PARITY = "model.onnx", "model.json", "parity.json"


class Border(TypedDict):
    """One input or output; -1 is the batch."""

    name: str
    dtype: str
    shape: list[int]


class Trial(TypedDict):
    """How the executors compared when one was chosen: best time of a batch of one, difference between their outputs."""

    threads: int
    milliseconds: dict[str, float]
    largest_difference: float


class Contract(TypedDict):
    """The content of model.json."""

    name: str
    version: str
    title: str
    sha256: str
    license: str
    source: str
    precision: str
    recipe: str
    inputs: list[Border]
    outputs: list[Border]
    executor: str
    trial: Trial
    gpu: NotRequired[str]  # what was faster on a GPU, "tensorrt" or "onnxruntime", once `atelier models bench` knows


@dataclass(frozen=True, slots=True)
class Installed:
    """An installed model: its folder and its contract."""

    folder: Path
    contract: Contract

    @property
    def graph(self) -> Path:
        """The ONNX file."""
        return self.folder / GRAPH


def folder_of(model: Model, home: Path) -> Path:
    """Return where the model lies or will lie."""
    return home / "models" / model.name / model.version


def recipe(model: Model) -> str:
    """Return a hash of all that the graph depends on: the original, the contract, the converter and its packages."""
    digest = hashlib.sha256()
    for text in (model.member_sha256, repr(sorted(model.tensors.items())), repr(sorted(model.shapes.items()))):
        digest.update(text.encode())
    if programs := PROGRAMS.get(model.converter):
        package = Path(__file__).parent
        for name in ("requirements-convert.txt", *(f"worker/{file}" for file in programs.files)):
            digest.update((package / name).read_bytes())
    return digest.hexdigest()[:16]


def borders(shapes: Mapping[str, Input] | Mapping[str, Output]) -> list[Border]:
    """Return inputs or outputs as model.json lists them."""
    return [{"name": name, "dtype": "float32", "shape": [-1, *border.shape]} for name, border in shapes.items()]


def find(model: Model, home: Path) -> Installed | None:
    """Return the installed model, or nothing when it is missing, damaged, or made by another recipe."""
    folder = folder_of(model, home)
    try:
        contract: Contract = json.loads((folder / CONTRACT).read_text(encoding="utf-8"))
        graph = (folder / GRAPH).read_bytes()
        current = contract["recipe"] == recipe(model) and contract["sha256"] == hashlib.sha256(graph).hexdigest()
    except (FileNotFoundError, json.JSONDecodeError, KeyError):
        return None
    return Installed(folder, contract) if current else None


def require(model: Model, home: Path) -> Installed:
    """Return the installed model. Raises `ModelNotInstalledError` with the command that installs it."""
    found = find(model, home)
    if found is None:
        message = f"The model {model.name} is not installed in {home}; run `atelier models convert {model.name}`."
        raise ModelNotInstalledError(message, metadata={"model": model.name, "version": model.version})
    return found


def write_contract(folder: Path, contract: Contract) -> None:
    """Write a model's contract, whole or not at all."""
    unfinished = folder / f".{CONTRACT}"
    unfinished.write_text(json.dumps(contract, indent=2) + "\n", encoding="utf-8")
    unfinished.replace(folder / CONTRACT)
