"""Run programs in the throw-away conversion environment, on files taken out of the sources."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from atelier_sdk.errors import ChecksumMismatchError, ModelUnusableError

from atelier_models.environments import ensure_environment, for_conversion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atelier_models.catalogue import Model
    from atelier_models.progress import Reporter

OPSET = 17


@contextmanager
def converter(home: Path, progress: Reporter, *, keep: bool) -> Iterator[Path]:
    """Hold the conversion environment and yield its interpreter; in the end it is removed, also after a failure."""
    folder = ensure_environment(for_conversion(), home, progress)
    try:
        yield folder / "bin" / "python"
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def run_worker(python: Path, program: str, arguments: list[Path]) -> None:
    """Run a program of `atelier_models.worker` with another interpreter.

    The interpreter sees a copy of this package and nothing else of where it lies, which may be a site-packages full of
    what the environment must not see. Raises `ModelUnusableError` with what the program said last.
    """
    with tempfile.TemporaryDirectory() as code:
        shutil.copytree(
            Path(__file__).parent, Path(code) / "atelier_models", ignore=shutil.ignore_patterns("__pycache__")
        )
        done = subprocess.run(
            [str(python), "-m", f"atelier_models.worker.{program}", *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": code, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise ModelUnusableError(f"The converter's program {program} failed: {last[0]}", metadata={"program": program})


def extract(model: Model, source: Path, target: Path) -> None:
    """Write the model's own file out of its source. Raises `ChecksumMismatchError`."""
    with zipfile.ZipFile(source) as archive:
        content = archive.read(model.member)
    found = hashlib.sha256(content).hexdigest()
    if found != model.member_sha256:
        raise ChecksumMismatchError(
            f"{model.member} in {source.name} has SHA-256 {found}, and the catalogue promises {model.member_sha256}.",
            metadata={"file": model.member, "expected": model.member_sha256, "found": found},
        )
    target.write_bytes(content)


def write_border(model: Model, target: Path) -> None:
    """Write what the worker is told about the graph's border."""
    producer = f"atelier {model.name} {model.version}"
    target.write_text(
        json.dumps({"names": model.tensors, "shapes": model.shapes, "opset": OPSET, "producer": producer})
    )
