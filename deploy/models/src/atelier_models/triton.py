"""Triton on this machine: the server out of the PyPI package nvidia-pytriton, in an environment of its own.

That package is the only one on the index that carries a Triton server which runs without a GPU. Only its files are
used: the server, the Python backend and the stub that runs our `model.py`. Three things make them work here (found by
trial): NumPy below 2, because with NumPy 2 every output arrives with no bytes and status OK; the stub for our Python
beside the backend; and on the library path the package's own libraries and Python's.
"""

from __future__ import annotations

import os
import platform
import secrets
import shutil
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from atelier_sdk.errors import HostUnsuitableError

from atelier_models.environments import complete, ensure_environment, for_triton
from atelier_models.home import alone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atelier_models.progress import Reporter

RESTRICTED = "metadata,model-config,model-repository,statistics,trace,logging"
EXIT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class TritonInstall:
    """A Triton that is ready to start: its interpreter, its server, its backends and the environment it needs."""

    python: Path
    server: Path
    backends: Path
    environment: Mapping[str, str]


def why_unsuitable() -> str | None:
    """Say why this machine cannot run the packaged Triton, or nothing when it can."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return f"the packaged Triton is for Linux on x86-64, not for {platform.system()} on {platform.machine()}"
    if not _python_library().is_file():
        return (
            f"Triton's Python backend needs Python's shared library, and {_python_library()} is not there: this Python "
            "was built without --enable-shared (the python3.11 packages of Debian and Ubuntu have it in libpython3.11)"
        )
    return None


def ensure_triton(home: Path, progress: Reporter) -> TritonInstall:
    """Return the Triton of this home, installed first if it is not there whole.

    Raises `HostUnsuitableError` where it cannot run and `RegistryUnreachableError` when pip cannot install it.
    """
    if reason := why_unsuitable():
        raise HostUnsuitableError(f"Triton cannot run here: {reason}.", metadata={"missing": reason})
    wanted = for_triton()
    folder = wanted.path(home)
    if not complete(wanted, home):
        with alone(home):
            ensure_environment(wanted, home, progress, _place_stub)
    packages, root = _packages(folder), _root(folder)
    libraries = f"{packages / 'nvidia_pytriton.libs'}:{_python_library().parent}"
    return TritonInstall(
        python=folder / "bin" / "python",
        server=root / "bin" / "tritonserver",
        backends=root / "backends",
        environment={"LD_LIBRARY_PATH": libraries, "PYTHONNOUSERSITE": "1"},
    )


def triton_command(
    install: TritonInstall, repository: Path, http_port: int, grpc_port: int, metrics_port: int
) -> tuple[list[str], dict[str, str]]:
    """Return the command that serves `repository` on loopback, and the environment to start it in.

    Inference, health and shared memory are open; every other API asks for a key that nobody is given.
    """
    loopback, key = "127.0.0.1", secrets.token_urlsafe(16)
    options = {
        "model-repository": str(repository),
        "backend-directory": str(install.backends),
        "model-control-mode": "none",
        "http-address": loopback,
        "http-port": str(http_port),
        "http-restricted-api": f"{RESTRICTED}:key={key}",
        "grpc-address": loopback,
        "grpc-port": str(grpc_port),
        "grpc-restricted-protocol": f"{RESTRICTED}:key={key}",
        "metrics-address": loopback,
        "metrics-port": str(metrics_port),
        "allow-gpu-metrics": "false",
        "allow-cpu-metrics": "false",
        "rate-limit": "execution_count",  # what fills a GPU alone is served alone (triton_config.ALONE)
        "exit-timeout-secs": str(EXIT_SECONDS),
        "log-info": "false",
    }
    command = [str(install.server), "--disable-auto-complete-config"]
    command += [f"--{name}={value}" for name, value in options.items()]
    path = f"{install.python.parent}:{os.environ.get('PATH', os.defpath)}"
    inherited = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    return command, {**inherited, **install.environment, "PATH": path}


def _packages(folder: Path) -> Path:
    return folder / "lib" / _python_version() / "site-packages"


def _root(folder: Path) -> Path:
    return _packages(folder) / "pytriton" / "tritonserver"


def _place_stub(folder: Path) -> None:
    """Put the stub of our Python beside the backend that looks for it there."""
    root, version = _root(folder), _python_version().removeprefix("python")
    stub = "triton_python_backend_stub"
    shutil.copy2(root / "python_backend_stubs" / version / stub, root / "backends" / "python" / stub)


def _python_version() -> str:
    return f"python{sys.version_info.major}.{sys.version_info.minor}"


def _python_library() -> Path:
    return Path(sysconfig.get_config_var("LIBDIR") or "/usr/lib") / f"lib{_python_version()}.so.1.0"
