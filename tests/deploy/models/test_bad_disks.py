"""Disks that cannot be written or are full, two commands at once, and work that was killed."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from atelier_models import catalogue as catalogue_file
from atelier_models import downloads, installed
from atelier_models import home as homes
from atelier_models.catalogue import Catalogue, Source
from atelier_models.commands import models
from atelier_models.engines import making, sidecar
from atelier_models.engines.spec import spec_of
from atelier_models.progress import Silent
from atelier_sdk.errors import ModelUnusableError
from click.testing import CliRunner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from atelier_models.catalogue import Model

    from tests.deploy.models.conftest import Listener

COMMAND = [sys.executable, "-c", "from atelier_models.commands import models; models()"]


@contextlib.contextmanager
def disk(folder: Path, size: str) -> Iterator[None]:
    """Put a disk of that size at a folder."""
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=False)
    if done.returncode != 0:
        pytest.skip("this user may not mount a small disk")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize(
    "arguments",
    [["pull"], ["convert"], ["verify"], ["repository"], ["build", "toy", "--sm", "89"], ["bench", "toy"]],
    ids=lambda arguments: arguments[0],
)
def test_a_disk_that_cannot_be_written_is_said_in_a_sentence(
    arguments: list[str], catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue_file, "load", lambda: catalogue)
    home = tmp_path / "home"
    with disk(home, "64k"):
        subprocess.run(["mount", "-o", "remount,ro", str(home)], check=True)

        ended = CliRunner().invoke(models, arguments, env={"ATELIER_HOME": str(home)})

    assert (ended.exit_code, ended.stdout) == (1, "")
    said = f"Error: {home} cannot be written (Read-only file system). Set ATELIER_HOME to a folder that can.\n"
    assert said in ended.stderr


def test_a_repository_on_a_full_disk_is_said_and_leaves_nothing(
    catalogue: Catalogue,
    model: Model,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    install_by_hand: Callable[[Model, Path], Path],
) -> None:
    monkeypatch.setattr(catalogue_file, "load", lambda: catalogue)
    home = tmp_path / "home"
    with disk(home, "256k"):
        folder = install_by_hand(model, home)
        contract = installed.require(model, home).contract
        graph = b"g" * 150_000
        (folder / installed.GRAPH).write_bytes(graph)
        installed.write_contract(folder, {**contract, "sha256": hashlib.sha256(graph).hexdigest()})

        ended = CliRunner().invoke(models, ["repository"], env={"ATELIER_HOME": str(home)})

        assert (ended.exit_code, ended.stdout, list((home / "triton").iterdir())) == (1, "", [])
        assert installed.find(model, home) is not None
    assert "Error: No space left on device: " in ended.stderr


def linked(home: Path, model: Model) -> Path:
    """Make a home with one of the machine's models and its environments."""
    if installed.find(model, homes.default_home()) is None:
        pytest.skip(f"{model.name} is not installed; run `make models`")
    home.mkdir(exist_ok=True)
    shutil.copytree(installed.folder_of(model, homes.default_home()), installed.folder_of(model, home))
    (homes.default_home() / "envs").mkdir(exist_ok=True)
    (home / "envs").symlink_to(homes.default_home() / "envs")
    return home


def test_an_engine_on_a_full_disk_is_said_and_the_one_before_stays(tmp_path: Path) -> None:
    model = catalogue_file.load().models["iris"]
    spec = dataclasses.replace(spec_of(model, 89, "fp32"), optimisation_level=1)
    with disk(tmp_path / "home", "6m"):  # the model, its graph, and half a plan
        home = linked(tmp_path / "home", model)
        before = making.folder_of(spec, home)
        before.mkdir(parents=True)
        (before / sidecar.PLAN).write_bytes(b"before")

        with pytest.raises(ModelUnusableError, match="No space left on device"):
            making.make(model, spec, home, Silent())

        assert (before / sidecar.PLAN).read_bytes() == b"before"
        assert list(before.parent.iterdir()) == [before]


def test_a_second_builder_waits_for_the_first_and_says_so(tmp_path: Path) -> None:
    model = catalogue_file.load().models["iris"]
    home = linked(tmp_path / "home", model)
    killed = home / "engines" / "iris" / ".making-killed"
    killed.mkdir(parents=True)
    with homes.alone(home):
        second = subprocess.Popen(
            [*COMMAND, "build", "iris", "--sm", "89"],
            env={**os.environ, "ATELIER_HOME": str(home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert second.stderr is not None
        assert second.stderr.readline() == f"Another command works in {home}; waiting for it.\n"
        assert (second.poll(), list(killed.parent.iterdir())) == (None, [killed])

    stdout, _ = second.communicate(timeout=600)

    assert (second.returncode, list(killed.parent.iterdir())) == (0, [killed.parent / "sm89-fp16"])
    known = sidecar.read(killed.parent / "sm89-fp16")
    assert stdout == f"{killed.parent / 'sm89-fp16'}\n"
    assert known.plan_sha256 == hashlib.sha256((killed.parent / "sm89-fp16" / sidecar.PLAN).read_bytes()).hexdigest()


PULL = """
import sys
from pathlib import Path
from atelier_models import downloads
from atelier_models.catalogue import Source
from atelier_models.progress import Silent
downloads.pull(Source("bear", "npm", "bear", "1.0", "bear.tgz", 8, sys.argv[2], "MIT", ""), Path(sys.argv[1]), Silent())
"""


def test_a_pull_that_was_killed_at_half_leaves_nothing_that_counts(
    tmp_path: Path, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text('#!/bin/sh\nprintf half > "$4/bear.tgz" && exec sleep 2\n')
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{npm.parent}:/usr/bin:/bin")
    home, checksum = tmp_path / "home", hashlib.sha256(b"halfhalf").hexdigest()
    pulling = subprocess.Popen([sys.executable, "-c", PULL, str(home), checksum])
    end = time.monotonic() + 60
    while not list(home.glob("downloads/.partial-*/bear.tgz")):
        assert time.monotonic() < end
        time.sleep(0.05)

    pulling.send_signal(signal.SIGKILL)
    pulling.wait()

    assert not (home / "downloads" / "bear.tgz").exists()
    npm.write_text('#!/bin/sh\nprintf halfhalf > "$4/bear.tgz"\n')
    source = Source("bear", "npm", "bear", "1.0", "bear.tgz", 8, checksum, "MIT", "")
    assert downloads.pull(source, home, listener).read_bytes() == b"halfhalf"
    assert [path.name for path in (home / "downloads").iterdir()] == ["bear.tgz"]
