from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING

import pytest
from atelier_models import downloads
from atelier_models.catalogue import Source
from atelier_sdk.errors import ChecksumMismatchError, RegistryUnreachableError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.deploy.models.conftest import Listener


def test_a_wheel_is_fetched_once_and_then_left_alone(source: Source, tmp_path: Path, listener: Listener) -> None:
    first = downloads.pull(source, tmp_path, listener)
    written = first.stat().st_mtime_ns
    second = downloads.pull(source, tmp_path, listener)
    assert (second, second.stat().st_mtime_ns) == (tmp_path / "downloads" / source.file, written)
    assert listener.steps == ["Downloading toy 1.0"]


def test_a_file_with_another_checksum_is_refused_and_not_kept(
    source: Source, tmp_path: Path, listener: Listener
) -> None:
    with pytest.raises(ChecksumMismatchError, match="the catalogue promises 0000"):
        downloads.pull(dataclasses.replace(source, sha256="0" * 64), tmp_path, listener)
    assert list((tmp_path / "downloads").iterdir()) == []


def test_what_comes_with_the_package_is_checked_where_it_lies(
    source: Source, registry: Path, tmp_path: Path, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "COMMITTED", registry)
    committed = dataclasses.replace(source, registry="committed")
    assert downloads.pull(committed, tmp_path, listener) == registry / source.file
    (registry / source.file).write_bytes(b"\0" * source.size)
    with pytest.raises(ChecksumMismatchError, match="this installation"):
        downloads.pull(committed, tmp_path, listener)
    assert listener.steps == []


def test_a_damaged_file_is_fetched_again(source: Source, tmp_path: Path, listener: Listener) -> None:
    place = tmp_path / "downloads" / source.file
    place.parent.mkdir()
    place.write_bytes(b"\0" * source.size)
    assert hashlib.sha256(downloads.pull(source, tmp_path, listener).read_bytes()).hexdigest() == source.sha256


def test_a_registry_that_does_not_answer_is_told_in_a_sentence_that_says_what_to_do(
    source: Source, registry: Path, tmp_path: Path, listener: Listener
) -> None:
    (registry / source.file).unlink()
    with pytest.raises(RegistryUnreachableError) as raised:
        downloads.pull(source, tmp_path, listener)
    said = str(raised.value)
    assert "toy 1.0 could not be fetched by pip (ERROR: No matching distribution found for toy==1.0)" in said
    assert f"`pip config list` shows, or put {source.file} into the folder downloads of ATELIER_HOME" in said
    assert said.endswith("then run `atelier models pull` again.")


def test_a_file_put_there_by_hand_is_taken_without_asking_the_registry(
    source: Source, registry: Path, tmp_path: Path, listener: Listener
) -> None:
    (tmp_path / "downloads").mkdir()
    (registry / source.file).rename(tmp_path / "downloads" / source.file)
    assert downloads.pull(source, tmp_path, listener).name == source.file
    assert listener.steps == []


def test_an_npm_package_is_fetched_by_the_npm_on_the_path(
    tmp_path: Path, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = tmp_path / "bin"
    commands.mkdir()
    npm = commands / "npm"
    npm.write_text(
        '#!/bin/sh\ntest "$1 $2 $3" = "pack @toys/bear@1.0 --pack-destination" &&'
        ' printf bear > "$4/toys-bear-1.0.tgz"\n'
    )
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{commands}:/usr/bin:/bin")
    checksum = hashlib.sha256(b"bear").hexdigest()
    bear = Source("bear", "npm", "@toys/bear", "1.0", "toys-bear-1.0.tgz", 4, checksum, "MIT", "https://example.org")
    assert downloads.pull(bear, tmp_path, listener).read_bytes() == b"bear"
