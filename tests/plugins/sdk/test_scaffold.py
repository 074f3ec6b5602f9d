"""`atelier plugins new`: what it writes works as it is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from atelier_local.plugin_new import new
from atelier_sdk.scaffold import ScaffoldError, write_skeleton
from click.testing import CliRunner

PAGE: Final = Path(__file__).resolve().parents[3].joinpath("docs/plugins/tutorial.md").read_text("utf-8")


def test_the_skeleton_passes_its_own_tests_at_once(tmp_path: Path) -> None:
    done = CliRunner().invoke(new, ["sepiaprint", "--dir", str(tmp_path)])
    assert done.exit_code == 0, done.output
    folder = tmp_path / "sepiaprint"
    tests = subprocess.run(
        (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert tests.returncode == 0, tests.stdout
    assert f"`{tests.stdout.splitlines()[-1].partition(' in ')[0]}`" in PAGE, tests.stdout


def test_every_file_of_the_skeleton_is_clean(tmp_path: Path) -> None:
    folder = write_skeleton("sepiaprint", tmp_path)
    stubs = ("--isolated", "--line-length=120", "--exclude=*_pb2*", "src", "tests")
    rules = ("--select=E,F,I,UP,B,N,TC,RET,SIM,D", "--ignore=D1,D203,D213")
    for command in (("check", *rules, *stubs), ("format", "--check", *stubs)):
        done = subprocess.run((sys.executable, "-m", "ruff", *command), cwd=folder, check=False)
        assert done.returncode == 0


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Mono", "is no name"),
        ("my-plugin", "is no name"),
        ("1st", "is no name"),
        ("lambda", "is no name"),
        ("../mono", "is no name"),
        ("sdk", "is taken"),
        ("style", "is taken"),
    ],
)
def test_a_name_that_cannot_be_one_is_refused(tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(ScaffoldError, match=why):
        write_skeleton(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_exists_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "sepiaprint").mkdir()
    (tmp_path / "sepiaprint/mine.txt").write_text("mine")
    done = CliRunner().invoke(new, ["sepiaprint", "--dir", str(tmp_path)])
    assert done.exit_code == 1
    assert "exists" in done.output
    assert [path.name for path in (tmp_path / "sepiaprint").iterdir()] == ["mine.txt"]


def test_the_help_teaches() -> None:
    said = CliRunner().invoke(new, ["--help"]).output
    assert "atelier plugins new mono" in said
    assert "python -m pytest" in said
