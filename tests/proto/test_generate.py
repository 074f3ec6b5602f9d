from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


def run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(root / "proto/generate.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def generated(folder: Path) -> dict[str, bytes]:
    """Contents of all stubs below a folder."""
    paths = [path for path in folder.rglob("*_pb2*") if path.suffix in {".py", ".pyi"}]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


@pytest.fixture
def copy(root: Path, tmp_path: Path) -> Path:
    """A copy of all that the proto files are made of, to break."""
    shutil.copytree(root / "proto", tmp_path / "proto", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(root / "buf.yaml", tmp_path / "buf.yaml")
    return tmp_path


def replace(copy: Path, old: str, new: str) -> None:
    path = copy / "proto/atelier/v1/upscale.proto"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture(scope="module")
def fresh(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make proto` would write now."""
    folder = tmp_path_factory.mktemp("fresh")
    done = run(root, "stubs", "--out", str(folder))
    assert (done.returncode, done.stderr) == (0, "")
    return folder


def test_the_committed_stubs_are_those_of_the_proto_files(root: Path, fresh: Path) -> None:
    made, committed = generated(fresh), generated(root / "proto/src")
    assert sorted(committed) == sorted(made)
    assert [name for name in made if made[name] != committed[name]] == []


def test_the_committed_descriptor_set_is_that_of_the_proto_files(root: Path, fresh: Path) -> None:
    assert (root / "proto/atelier_v1.binpb").read_bytes() == (fresh / "atelier_v1.binpb").read_bytes()


def test_the_api_keeps_its_form_its_custom_and_its_promises(root: Path) -> None:
    done = run(root, "lint")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_an_addition_is_promised_at_once(copy: Path) -> None:
    addition = "  // More.\n  bool more = 99 [(google.api.field_behavior) = OPTIONAL];\n}\n\n// A finished enlargement."
    replace(copy, "}\n\n// A finished enlargement.", addition)
    assert run(copy, "stubs").returncode == 0
    assert b"more" in (copy / "proto/atelier_v1.binpb").read_bytes()
    replace(copy, addition, "}\n\n// A finished enlargement.")
    assert run(copy, "stubs").returncode == 1


def test_a_broken_promise_is_refused_with_nothing_written(copy: Path) -> None:
    before = generated(copy), (copy / "proto/atelier_v1.binpb").read_bytes()
    replace(copy, "optional float denoise = 4", "optional float denoise = 14")
    done = run(copy, "stubs")
    assert done.returncode == 1
    assert "denoise" in done.stdout
    assert "BREAKING=accept" in done.stderr
    assert before == (generated(copy), (copy / "proto/atelier_v1.binpb").read_bytes())


def test_a_broken_promise_that_is_meant_is_the_new_promise_and_leaves_no_stale_stub(copy: Path) -> None:
    replace(copy, "optional float denoise = 4", "optional float denoise = 14")
    stale = copy / "proto/src/atelier/v1/gone_pb2.py"
    stale.touch()
    assert run(copy, "stubs", "--accept-breaking").returncode == 0
    assert run(copy, "lint").returncode == 0
    assert not stale.exists()
    assert (copy / "proto/src/atelier/v1/__init__.py").exists()


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("  optional float denoise = 4", "    optional float denoise = 4", "optional float denoise"),
        ("optional float grain = 5", "optional float grainAmount = 5", "grainAmount"),
        ("optional float grain = 5", "optional double grain = 5", "double"),
    ],
    ids=["form", "custom", "promise"],
)
def test_lint_sees(copy: Path, old: str, new: str, complaint: str) -> None:
    replace(copy, old, new)
    done = run(copy, "lint")
    assert done.returncode == 1
    assert complaint in done.stdout
