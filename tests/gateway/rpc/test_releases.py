"""Releases of models: what arrives is what was published, or nothing does."""

from __future__ import annotations

import errno
import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from atelier_rpc import releases
from atelier_rpc.artifacts import open_store
from atelier_rpc.releases import fill, publish
from atelier_sdk.errors import ChecksumMismatchError, RegistryUnreachableError, StorageFullError

if TYPE_CHECKING:
    from pathlib import Path

    from obstore.store import ObjectStore

FILES = {"models/a/1/model.onnx": b"graph" * 1000, "models/a/1/model.json": b"{}", "models/b/1/model.json": b"{}"}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        (tmp_path / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "source" / name).write_bytes(content)
    return tmp_path / "source"


def files(source: Path) -> dict[str, Path]:
    return {name: source / name for name in FILES}


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return open_store((tmp_path / "store").as_uri())


@pytest.fixture
def release(source: Path, store: ObjectStore) -> str:
    return publish(files(source), store)


def content(home: Path) -> dict[str, bytes]:
    return {path.relative_to(home).as_posix(): path.read_bytes() for path in home.rglob("*") if path.is_file()}


def test_what_arrives_is_what_was_published(store: ObjectStore, release: str, tmp_path: Path) -> None:
    fill(tmp_path / "home", store, release)
    assert content(tmp_path / "home") == FILES


def test_the_last_release_comes_when_none_is_named(
    source: Path, store: ObjectStore, release: str, tmp_path: Path
) -> None:
    (source / "models/a/1/model.json").write_bytes(b"[]")
    newer = publish(files(source), store)
    fill(tmp_path / "home", store)
    assert (newer != release, content(tmp_path / "home")["models/a/1/model.json"]) == (True, b"[]")
    fill(tmp_path / "home", store, release)
    assert content(tmp_path / "home") == FILES


def test_the_same_files_are_the_same_release_and_are_sent_once(
    source: Path, store: ObjectStore, release: str, tmp_path: Path
) -> None:
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "store" / "files").iterdir()}
    assert publish(dict(reversed(files(source).items())), store) == release
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "store" / "files").iterdir()} == before
    assert len(before) == 2  # two of the three files are alike


def test_a_file_with_another_content_is_refused(store: ObjectStore, release: str, tmp_path: Path) -> None:
    for file in (tmp_path / "store" / "files").iterdir():
        file.write_bytes(b"tampered")
    with pytest.raises(ChecksumMismatchError):
        fill(tmp_path / "home", store, release)
    assert content(tmp_path / "home") == {}


def test_a_manifest_with_another_content_is_refused(store: ObjectStore, release: str, tmp_path: Path) -> None:
    manifest = tmp_path / "store" / "manifests" / f"{release}.json"
    manifest.write_bytes(manifest.read_bytes() + b" ")
    with pytest.raises(ChecksumMismatchError):
        fill(tmp_path / "home", store, release)


def test_a_manifest_cannot_name_a_file_outside(store: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"x")
    release = publish({"../secret": tmp_path / "secret"}, store)
    with pytest.raises(ChecksumMismatchError, match="outside"):
        fill(tmp_path / "home", store, release)


def test_a_copy_that_was_cut_off_goes_on_where_it_was(store: ObjectStore, release: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    fill(home, store, release)
    (home / "models/a/1/model.onnx").write_bytes(b"graph" * 500)
    kept = (home / "models/b/1/model.json").stat().st_mtime_ns
    fill(home, store, release)
    assert content(home) == FILES
    assert (home / "models/b/1/model.json").stat().st_mtime_ns == kept


def test_a_transfer_that_breaks_leaves_nothing_half(store: ObjectStore, release: str, tmp_path: Path) -> None:
    """The file is longer in the manifest than in the store, as after an upload that was cut off."""
    for file in (tmp_path / "store" / "files").iterdir():
        file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(ChecksumMismatchError):
        fill(tmp_path / "home", store, release)
    assert content(tmp_path / "home") == {}


def test_two_at_once_do_no_harm(store: ObjectStore, release: str, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as workers:
        list(workers.map(lambda _: fill(tmp_path / "home", store, release), range(4)))
    assert content(tmp_path / "home") == FILES


def test_a_store_that_lacks_something_is_named(store: ObjectStore, release: str, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "store" / "files")
    with pytest.raises(RegistryUnreachableError, match="files/"):
        fill(tmp_path / "home", store, release)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_full_or_read_only_disk_is_named(
    store: ObjectStore, release: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Neither can be made here without a mount; the error that the system raises can."""

    def refuse(*_: object) -> None:
        raise OSError(number, "refused")

    monkeypatch.setattr(releases, "_bring", refuse)
    with pytest.raises(StorageFullError, match="cannot be written: refused"):
        fill(tmp_path / "home", store, release)
