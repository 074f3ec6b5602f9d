from __future__ import annotations

import dataclasses
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from atelier_models import conversion, environments, install, installed, worker_runs
from atelier_models.catalogue import Catalogue, Model
from atelier_sdk.errors import ChecksumMismatchError, ModelUnusableError, RegistryUnreachableError

if TYPE_CHECKING:
    from tests.deploy.models.conftest import Listener


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


Install = Callable[[Model, Path], Path]


def test_models_that_are_up_to_date_are_left_alone(
    model: Model, catalogue: Catalogue, tmp_path: Path, install_by_hand: Install, listener: Listener
) -> None:
    install_by_hand(model, tmp_path)
    found = conversion.convert([model], catalogue, tmp_path, listener)
    assert ([place.contract["name"] for place in found], listener.steps) == (["toy"], [])


def test_a_home_that_has_everything_is_ready_without_a_step(
    model: Model, catalogue: Catalogue, tmp_path: Path, install_by_hand: Install, listener: Listener
) -> None:
    folder = install_by_hand(model, tmp_path)
    ready = install.ensure(tmp_path, listener, catalogue)
    assert (ready.models["toy"].folder, ready.repository.parent, listener.steps) == (folder, tmp_path / "triton", [])


def test_of_a_home_that_lacks_models_only_the_needed_are_converted_and_the_installed_served(
    model: Model,
    catalogue: Catalogue,
    tmp_path: Path,
    install_by_hand: Install,
    listener: Listener,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def by_hand(model: Model) -> installed.Installed:
        install_by_hand(model, tmp_path)
        return installed.require(model, tmp_path)

    by_hand(model)
    names = ("toy", "wanted", "unwanted")
    more = Catalogue(catalogue.sources, {name: dataclasses.replace(model, name=name) for name in names})
    monkeypatch.setattr(install, "convert", lambda models, *_: [by_hand(one) for one in models])
    ready = install.ensure(tmp_path, listener, more, needed={"wanted", "a stranger"})
    assert set(ready.models) == {"toy", "wanted"}
    assert {path.name for path in ready.repository.iterdir()} == {"toy", "wanted"}


def test_a_conversion_that_cannot_have_its_environment_leaves_no_model(
    model: Model, catalogue: Catalogue, tmp_path: Path, listener: Listener
) -> None:
    with pytest.raises(RegistryUnreachableError):
        conversion.convert([model], catalogue, tmp_path, listener)
    assert not list((tmp_path / "models").rglob("model.*"))


def test_the_environment_is_thrown_away_unless_it_is_to_be_kept(tmp_path: Path, listener: Listener) -> None:
    wanted = environments.for_conversion()
    for keep in (True, False):
        wanted.path(tmp_path).mkdir(parents=True, exist_ok=True)
        (wanted.path(tmp_path) / environments.MARKER).touch()
        with worker_runs.converter(tmp_path, listener, keep=keep):
            pass
        assert wanted.path(tmp_path).exists() == keep


def test_the_original_is_taken_out_of_its_source_and_checked(
    model: Model, catalogue: Catalogue, registry: Path, tmp_path: Path
) -> None:
    wheel = registry / catalogue.sources["toy"].file
    worker_runs.extract(model, wheel, tmp_path / "original")
    assert hashlib.sha256((tmp_path / "original").read_bytes()).hexdigest() == model.member_sha256
    with pytest.raises(ChecksumMismatchError, match=r"toy/toy\.tflite in toy-1\.0"):
        worker_runs.extract(dataclasses.replace(model, member_sha256="0" * 64), wheel, tmp_path / "other")


def test_the_manifest_of_weights_comes_out_of_an_npm_package_with_them(model: Model, tmp_path: Path) -> None:
    files = {"package/model/toy_model.bin": b"weights", "package/model/toy_model-weights_manifest.json": b"[]"}
    with tarfile.open(tmp_path / "toy.tgz", "w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    weights = dataclasses.replace(model, member="package/model/toy_model.bin", member_sha256=sha256(b"weights"))
    worker_runs.extract(weights, tmp_path / "toy.tgz", tmp_path / "original")
    assert ((tmp_path / "original").read_bytes(), (tmp_path / "original.json").read_bytes()) == (b"weights", b"[]")


def test_the_recorded_answers_come_out_of_an_archive_with_a_graph_that_is_onnx(model: Model, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "toy.zip", "w") as archive:
        archive.writestr("toy.onnx", b"graph")
        archive.writestr("toy.onnx.npz", b"answers")
    graph = dataclasses.replace(model, member="toy.onnx", member_sha256=sha256(b"graph"), converter="onnx")
    worker_runs.extract(graph, tmp_path / "toy.zip", tmp_path / "original")
    assert ((tmp_path / "original").read_bytes(), (tmp_path / "original.npz").read_bytes()) == (b"graph", b"answers")


def test_an_environment_that_nobody_asks_for_is_not_made(tmp_path: Path, listener: Listener) -> None:
    with worker_runs.converter(tmp_path, listener, keep=True):
        pass
    assert (listener.steps, list(tmp_path.iterdir())) == ([], [])


def test_a_worker_that_fails_is_told_by_its_last_line(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho first >&2\necho 'ValueError: no such operator' >&2\nexit 1\n")
    python.chmod(0o755)
    with pytest.raises(ModelUnusableError, match="program tflite_to_onnx failed: ValueError: no such operator"):
        worker_runs.run_worker(lambda: python, "tflite_to_onnx", [])


def test_a_recipe_follows_the_original(model: Model) -> None:
    other = dataclasses.replace(model, member_sha256=hashlib.sha256(b"other").hexdigest())
    assert installed.recipe(model) != installed.recipe(other)
