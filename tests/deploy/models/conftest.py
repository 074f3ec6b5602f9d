"""A package registry that is a folder, a model that is two numbers, and a listener that remembers."""

from __future__ import annotations

import base64
import dataclasses
import functools
import hashlib
import json
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from atelier_models import catalogue as catalogue_file
from atelier_models import installed
from atelier_models.catalogue import Catalogue, Model, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MEMBER = b"weights"


class Listener:
    """Remembers the steps that were begun."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    @contextmanager
    def step(self, title: str, total_bytes: int | None = None) -> Iterator[Listener]:  # noqa: ARG002 - the protocol's
        self.steps.append(title)
        yield self

    def at(self, done: int) -> None:
        """Hear how far it is."""


@pytest.fixture
def listener() -> Listener:
    return Listener()


def make_wheel(folder: Path, package: str, tag: str, files: dict[str, bytes]) -> Path:
    """Write a wheel that pip accepts."""
    folder.mkdir(parents=True, exist_ok=True)
    information = f"{package}-1.0.dist-info"
    texts = {
        **files,
        f"{information}/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n".encode(),
        f"{information}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n".encode(),
    }
    record = "".join(
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(text).digest()).rstrip(b'=').decode()},{len(text)}\n"
        for name, text in texts.items()
    )
    path = folder / f"{package}-1.0-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in texts.items():
            archive.writestr(name, text)
        archive.writestr(f"{information}/RECORD", record + f"{information}/RECORD,,\n")
    return path


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let pip know this folder and nothing else, so that no test reaches the network."""
    folder = tmp_path / "registry"
    folder.mkdir()
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PIP_CONFIG_FILE": "/dev/null"}.items():
        monkeypatch.setenv(name, value)
    return folder


@pytest.fixture
def publish(registry: Path) -> Callable[[str, str, dict[str, bytes]], Path]:
    """Put a wheel of a package, a tag and files into the registry."""
    return functools.partial(make_wheel, registry)


@pytest.fixture
def source(registry: Path) -> Source:
    """Publish a wheel in the registry and describe it."""
    wheel = make_wheel(registry, "toy", "cp311-cp311-manylinux_2_28_x86_64", {"toy/toy.tflite": MEMBER})
    return Source(
        name="toy",
        registry="pip",
        package="toy",
        version="1.0",
        file=wheel.name,
        size=wheel.stat().st_size,
        sha256=hashlib.sha256(wheel.read_bytes()).hexdigest(),
        license="MIT",
        homepage="https://example.org",
    )


@pytest.fixture
def model() -> Model:
    """Describe a small model on the pattern of a real one."""
    return dataclasses.replace(
        catalogue_file.load().models["iris"],
        name="toy",
        source="toy",
        member="toy/toy.tflite",
        member_sha256=hashlib.sha256(MEMBER).hexdigest(),
    )


@pytest.fixture
def catalogue(source: Source, model: Model) -> Catalogue:
    return Catalogue({source.name: source}, {model.name: model})


@pytest.fixture
def install_by_hand() -> Callable[[Model, Path], Path]:
    """Put a model where conversion would put it, with a graph that nobody runs."""

    def install(model: Model, home: Path) -> Path:
        folder = installed.folder_of(model, home)
        folder.mkdir(parents=True)
        (folder / "model.onnx").write_bytes(b"graph")
        contract = {
            "name": model.name,
            "version": model.version,
            "sha256": hashlib.sha256(b"graph").hexdigest(),
            "recipe": installed.recipe(model),
            "executor": "openvino",
            "trial": {"threads": 2, "milliseconds": {"openvino": 1.5, "onnxruntime": 2.5}, "largest_difference": 0.0},
        }
        (folder / "model.json").write_text(json.dumps(contract))
        return folder

    return install
