"""What every distribution and every tracked file keeps to."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PYPROJECTS = sorted(ROOT.glob("*/**/pyproject.toml"))

# Names of folders of one machine.
MACHINE = re.compile(rb"(?<![\w.])/(?:work|root|home/\w+|Users/\w+)(?:/|\b)")
VAGUE = {"utils", "util", "helpers", "helper", "manager", "data", "misc", "common"}


def names(requirements: list[str]) -> set[str]:
    """Normalised names of requirement lines; our own, installed by path, have none."""
    found = [re.match(r"[\w.-]+", line) for line in requirements if not line.startswith(("#", "-"))]
    return {match[0].lower().replace("_", "-") for match in found if match}


def lines(path: Path) -> list[str]:
    return [line for line in path.read_text("utf-8").splitlines() if line.strip()]


@pytest.fixture(scope="module")
def tracked() -> list[Path]:
    """Every file that git tracks and that is there."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]
    assert len(files) > 100
    return files


@pytest.fixture(scope="module")
def pinned() -> set[str]:
    return names([line for line in lines(ROOT / "constraints.txt") if "==" in line])


@pytest.mark.parametrize("path", PYPROJECTS, ids=lambda path: path.parent.name)
def test_a_distribution_cannot_be_uploaded_by_mistake(path: Path) -> None:
    assert "Private :: Do Not Upload" in tomllib.loads(path.read_text("utf-8"))["project"]["classifiers"]


@pytest.mark.parametrize("path", PYPROJECTS, ids=lambda path: path.parent.name)
def test_every_third_party_package_is_pinned(path: Path, pinned: set[str]) -> None:
    settings = tomllib.loads(path.read_text("utf-8"))
    extras = [each for extra in settings["project"].get("optional-dependencies", {}).values() for each in extra]
    asked = names([*settings["project"].get("dependencies", []), *extras, *settings["build-system"]["requires"]])
    assert {name for name in asked if not name.startswith("atelier-")} - pinned == set()


@pytest.mark.parametrize("file", ["requirements-dev.txt", "requirements-torch.txt"])
def test_every_tool_is_pinned(file: str, pinned: set[str]) -> None:
    assert names(lines(ROOT / file)) - pinned == set()


def test_every_pin_is_one_version() -> None:
    pins = [line for line in lines(ROOT / "constraints.txt") if not line.startswith("#")]
    assert [line for line in pins if not re.fullmatch(r"[\w.-]+==[\w.]+(\s*#.*)?", line)] == []


def test_every_distribution_is_installed_for_development() -> None:
    files = (ROOT / "requirements-dev.txt", ROOT / "requirements-torch.txt")
    installed = {line.removeprefix("-e ./").split("[")[0] for file in files for line in lines(file)}
    here = {str(path.parent.relative_to(ROOT)) for path in PYPROJECTS if ROOT / "plugins/examples" not in path.parents}
    assert here - installed == set()


def test_every_distribution_is_type_checked_under_its_own_name() -> None:
    bases = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["mypy"]["mypy_path"]
    generated = "proto"
    checked = {str(path.parent.relative_to(ROOT)) for path in PYPROJECTS} - {generated}
    assert {base.removeprefix("$MYPY_CONFIG_FILE_DIR/").removesuffix("/src") for base in bases} == checked


def test_every_package_says_that_it_is_typed() -> None:
    packages = [path for each in PYPROJECTS for path in (each.parent / "src").iterdir() if path.is_dir()]
    assert [str(path.relative_to(ROOT)) for path in packages if not (path / "py.typed").exists()] == []


def test_no_file_knows_the_machine_it_was_written_on(tracked: list[Path]) -> None:
    here = Path(__file__).resolve()
    knowing = [str(path.relative_to(ROOT)) for path in tracked if path != here and MACHINE.search(path.read_bytes())]
    assert knowing == []


def test_no_module_has_a_name_that_says_nothing(tracked: list[Path]) -> None:
    modules = [path for path in tracked if path.suffix == ".py"]
    assert [str(path.relative_to(ROOT)) for path in modules if path.stem in VAGUE] == []
