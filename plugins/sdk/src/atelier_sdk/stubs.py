"""Compile a plugin's proto files: `python -m atelier_sdk.stubs src`.

For each `src/**/*.proto` it writes messages (`_pb2.py`, `_pb2.pyi`), services (`_pb2_grpc.py`) and the descriptor set
(`.binpb`, with all imports and all comments) beside the file. Atelier's own proto files, the rules of `buf.validate`
and Google's are in reach of `import` without further ado. Needs the extra `atelier-sdk[testing]`.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
from pathlib import Path


class StubsError(Exception):
    """The proto files cannot be compiled; the sentence says why."""


def include_folders() -> list[Path]:
    """Return the folders where Atelier's and Google's proto files are found by `import`.

    An installed `atelier-proto` carries them beside its stubs; in a clone they lie one folder above. Raises StubsError
    where a distribution is missing.
    """
    stubs = _parent_of("atelier", "atelier-proto")
    ours = [folder for folder in (stubs, stubs.parent) if (folder / "atelier/v1/image.proto").is_file()]
    if not ours:
        raise StubsError(f"there are no proto files beside {stubs}; install atelier-proto anew")
    return [ours[0], _parent_of("google.api", "googleapis-common-protos").parent]


def compile_folder(source: Path) -> list[Path]:
    """Compile every proto file below `source`, which is where `import` starts, and return the files that were written.

    Raises StubsError where there is none, or with what protoc has to say.
    """
    protos = sorted(source.rglob("*.proto"))
    if not protos:
        raise StubsError(f"there is no .proto file below {source}")
    for proto in protos:
        name = str(proto.relative_to(source))
        protoc(source, f"--python_out={source}", f"--pyi_out={source}", f"--grpc_python_out={source}", name)
        protoc(source, *_WITH_ALL, f"--descriptor_set_out={proto.with_suffix('.binpb')}", name)
    return [path for proto in protos for path in sorted(proto.parent.glob(f"{proto.stem}[_.]*")) if path != proto]


def protoc(source: Path, *arguments: str) -> None:
    """Run protoc with everything in reach. Raises StubsError with what it has to say."""
    includes = [f"-I{folder}" for folder in (source, *include_folders())]
    command = [sys.executable, "-m", "grpc_tools.protoc", *includes, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "No module named" in done.stderr:
        raise StubsError("the compiler is missing; install it with: pip install 'atelier-sdk[testing]'")
    if done.returncode:
        raise StubsError(done.stderr.strip())


_WITH_ALL = ("--include_imports", "--include_source_info")


def _parent_of(package: str, distribution: str) -> Path:
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise StubsError(f"{distribution} is not installed; install it with: pip install 'atelier-sdk[testing]'")
    return Path(found.submodule_search_locations[0]).parent


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="the folder where imports start, such as src")
    try:
        for path in compile_folder(parser.parse_args().source):
            print(path)  # noqa: T201 (its answer)
    except StubsError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
