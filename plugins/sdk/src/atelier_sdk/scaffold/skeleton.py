"""Write the skeleton of a capability plugin from the templates beside this file."""

from __future__ import annotations

import importlib.util
import keyword
import re
import shutil
from importlib import resources
from string import Template
from typing import TYPE_CHECKING, Final

from atelier_sdk.stubs import compile_folder

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable
    from pathlib import Path

_NAME: Final = re.compile(r"[a-z][a-z0-9]{1,30}")
_TAKEN: Final = frozenset({"atelier", "gateway", "client", "imaging", "models", "proto", "rpc", "sdk", "service"})

_PLACES: Final = {
    "README.md": "README.md",
    "pyproject.toml": "pyproject.toml",
    "Dockerfile": "Dockerfile",
    "api.proto": "src/atelier_$name/v1/$name.proto",
    "package.py": "src/atelier_$name/__init__.py",
    "main.py": "src/atelier_$name/__main__.py",
    "plugin.py": "src/atelier_$name/plugin.py",
    "operation.py": "src/atelier_$name/operation.py",
    "servicer.py": "src/atelier_$name/servicer.py",
    "test_contract.py": "tests/test_contract.py",
    "test_operation.py": "tests/test_operation.py",
    "test_plugin.py": "tests/test_plugin.py",
}
"""Where each template goes."""


class ScaffoldError(Exception):
    """The skeleton cannot be written; the sentence says why."""


def write_skeleton(name: str, parent: Path) -> Path:
    """Write the plugin `name` into a new folder of that name in `parent`, compile its API, and return the folder.

    Raises ScaffoldError for a name that cannot be one and a folder that exists, and StubsError where the API cannot be
    compiled; nothing is left behind then.
    """
    check_name(name)
    folder = parent / name
    if folder.exists():
        raise ScaffoldError(f"{folder} exists; choose another name, or another folder with --dir")
    try:
        _fill(folder, name)
        compile_folder(folder / "src")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


def check_name(name: str) -> None:
    """Raise ScaffoldError unless a capability, and with it a package, can have this name."""
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise ScaffoldError(f"{name!r} is no name: take a short word of lower-case letters and digits, such as mono")
    if name in _TAKEN or importlib.util.find_spec(f"atelier_{name}") is not None:
        raise ScaffoldError(f"{name} is taken: there is a package atelier_{name}; choose another name")


def _fill(folder: Path, name: str) -> None:
    words = {"name": name, "Name": name.capitalize()}
    templates = resources.files("atelier_sdk.scaffold").joinpath("templates")
    for template, place in _PLACES.items():
        _write(folder / Template(place).substitute(words), templates.joinpath(f"{template}.template"), words)
    (folder / f"src/atelier_{name}/py.typed").touch()


def _write(path: Path, template: Traversable, words: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(Template(template.read_text("utf-8")).substitute(words), "utf-8")
