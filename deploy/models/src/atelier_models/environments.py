"""Python environments of their own, for programs whose packages do not go with ours.

Each lies in `envs/<purpose>-<hash of its requirements>`: another list of requirements is another environment, and an
environment counts as made only when its marker file, written last, is there. Packages are pinned one by one and
installed without their dependencies, so that nothing comes that is not listed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from atelier_sdk.errors import RegistryUnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from atelier_models.progress import Reporter

MARKER = "complete"


@dataclass(frozen=True, slots=True)
class Environment:
    """What an environment is for, what a user reads of it, and the text of its requirements file."""

    purpose: str
    title: str
    requirements: str

    def path(self, home: Path) -> Path:
        """Return where the environment lies; another Python or other requirements give another path."""
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        digest = hashlib.sha256(f"{version}\n{self.requirements}".encode()).hexdigest()[:12]
        return home / "envs" / f"{self.purpose}-{digest}"


def for_conversion() -> Environment:
    """Return the environment of the converter and the original runtime, about 150 MB."""
    return Environment("convert", "the converter (tf2onnx, LiteRT)", _packaged("convert"))


def for_triton() -> Environment:
    """Return the environment of Triton and its Python backend, about 460 MB."""
    return Environment("triton", "Triton (server, OpenVINO, ONNX Runtime)", _packaged("triton"))


def for_engines() -> Environment:
    """Return the environment of TensorRT for RTX, about 310 MB."""
    return Environment("engines", "TensorRT for RTX", _packaged("engines"))


def for_npm() -> Environment:
    """Return the environment that holds an npm, about 200 MB."""
    return Environment("npm", "npm", _packaged("npm"))


def _packaged(purpose: str) -> str:
    return resources.files("atelier_models").joinpath(f"requirements-{purpose}.txt").read_text(encoding="utf-8")


def complete(environment: Environment, home: Path) -> bool:
    """Tell whether the environment is there, whole."""
    return (environment.path(home) / MARKER).is_file()


def ensure_environment(
    environment: Environment, home: Path, progress: Reporter, finish: Callable[[Path], None] | None = None
) -> Path:
    """Return the environment's folder, made first if it is not there whole.

    `finish` does what is left to do in the folder after the packages. Raises `RegistryUnreachableError` when pip cannot
    install them.
    """
    path = environment.path(home)
    if complete(environment, home):
        return path
    shutil.rmtree(path, ignore_errors=True)
    with progress.step(f"Installing {environment.title}"):
        venv.EnvBuilder(symlinks=True, with_pip=False).create(path)
        _install(environment, path)
        if finish is not None:
            finish(path)
    (path / MARKER).touch()
    return path


def _install(environment: Environment, path: Path) -> None:
    """Install with the pip of this interpreter, so that the environment itself need not hold one."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as requirements:
        requirements.write(environment.requirements)
        requirements.flush()
        command = [sys.executable, "-m", "pip", "--python", str(path / "bin" / "python"), "install"]
        command += ["--no-deps", "--only-binary=:all:", "--no-compile", "--quiet", "--requirement", requirements.name]
        quick = {"PIP_RETRIES": "2", "PIP_RESUME_RETRIES": "5", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        done = subprocess.run(command, env={**quick, **os.environ}, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        errors = [line for line in done.stderr.splitlines() if "ERROR" in line] or done.stderr.splitlines()[-1:]
        message = (
            f"pip could not install {environment.title} into an environment of its own "
            f"({errors[-1].strip() if errors else 'it said nothing'}). Check the network and the settings that "
            "`pip config list` shows, then run the command again."
        )
        raise RegistryUnreachableError(message, metadata={"environment": environment.purpose})
