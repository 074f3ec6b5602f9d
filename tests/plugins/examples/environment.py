"""The environment of the example: made once, where the other environments lie, and kept."""

from __future__ import annotations

import hashlib
import importlib.util
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from atelier_local import paths
from atelier_models.environments import Environment, ensure_environment
from atelier_models.progress import Silent

if TYPE_CHECKING:
    from atelier_sdk import Capability

ROOT: Final = Path(__file__).resolve().parents[3]
EXAMPLE: Final = ROOT / "plugins/examples/toning"
OURS: Final = (ROOT / "proto", ROOT / "plugins/sdk", EXAMPLE)


def environment() -> Environment:
    """The example's environment: other pins, another clone or another entry point is another environment."""
    marks = [str(ROOT), *((folder / "pyproject.toml").read_text("utf-8") for folder in OURS)]
    mark = hashlib.sha256("\n".join(marks).encode()).hexdigest()
    requirements = (EXAMPLE / "requirements.txt").read_text("utf-8")
    return Environment("toning", "the example plugin's packages", f"# {mark}\n{requirements}")


def python() -> Path:
    """Its Python, whether it has been made or not."""
    return environment().path(paths.home()) / "bin/python"


def ensure() -> Path:
    """Make it, if it is not there, and return its Python."""
    return ensure_environment(environment(), paths.home(), Silent(), _install_ours) / "bin/python"


def toning() -> Capability:
    """What the example's hook says in its own environment; its module needs the SDK alone."""
    source = EXAMPLE / "src/example_toning/plugin.py"
    spec = importlib.util.spec_from_file_location("example_toning_plugin", source)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    capability: Capability = module.capability()
    return replace(capability, command=(str(python()), *capability.command[1:]))


def _install_ours(folder: Path) -> None:
    ours = [argument for path in OURS for argument in ("--editable", str(path))]
    pip = (sys.executable, "-m", "pip", "--python", str(folder / "bin/python"), "install", "--quiet", "--no-deps")
    subprocess.run((*pip, *ours), check=True, capture_output=True)
