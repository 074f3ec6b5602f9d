"""Make the committed stubs and descriptor set from the proto files, and hold the proto files to their rules.

python proto/generate.py stubs    writes proto/src and proto/atelier_v1.binpb
python proto/generate.py lint     buf format, buf lint and buf breaking

The descriptor set is both the API as it stands and what `buf breaking` compares with. It follows additions by itself,
so every addition is a promise from then on; a change that breaks one is refused unless `--accept-breaking` says that it
is meant.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from google.api import field_behavior_pb2  # type: ignore[import-untyped]
from google.protobuf.descriptor_pb2 import FileDescriptorSet

PROTO = Path(__file__).resolve().parent
STUBS = PROTO / "src"
DESCRIPTORS = PROTO / "atelier_v1.binpb"
TOOLS = Path(sys.executable).parent

REFUSED = f"""
The change above breaks callers of the API that {DESCRIPTORS.name} promises; nothing was written.
  The promise was never committed?  git checkout {DESCRIPTORS.relative_to(PROTO.parent)}   and run this again.
  The break is meant?               make proto BREAKING=accept
"""


def own_files() -> list[str]:
    """List the proto files of the API, as they are imported."""
    return sorted(str(path.relative_to(PROTO)) for path in PROTO.glob("atelier/*/*.proto"))


def third_party(folder: Path) -> list[Path]:
    """Name the folders where imports of Google's protos are found; `folder` takes the one that needs another name.

    googleapis-common-protos carries `operations.proto` as `operations_proto.proto`, though its stub registers it by the
    right name.
    """
    root = Path(field_behavior_pb2.__file__).parents[2]
    operations = folder / "google/longrunning/operations.proto"
    operations.parent.mkdir(parents=True)
    shutil.copyfile(root / "google/longrunning/operations_proto.proto", operations)
    return [folder, root]


def protoc(*arguments: str) -> None:
    """Run protoc of grpcio-tools on the API with all imports in reach; its own message says what is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        includes = [f"-I{path}" for path in (PROTO, *third_party(Path(folder)))]
        done = subprocess.run([sys.executable, "-m", "grpc_tools.protoc", *includes, *arguments], check=False)
    if done.returncode:
        raise SystemExit(done.returncode)


def write_image(target: Path, *, source_info: bool) -> None:
    """Compile the API with all imports into a descriptor set, with comments and line numbers if asked."""
    extra = ["--include_source_info"] if source_info else []
    protoc("--include_imports", *extra, f"--descriptor_set_out={target}", *own_files())


def write_stubs(target: Path, image: Path) -> None:
    """Write messages, services and their types for Python below `target`; `image` says which files have services."""
    plugins = [f"--plugin=protoc-gen-{name}={TOOLS / f'protoc-gen-{name}'}" for name in ("mypy", "mypy_grpc")]
    messages = [*own_files(), "buf/validate/validate.proto"]
    protoc(*plugins, f"--python_out={target}", f"--mypy_out=quiet:{target}", *messages)
    files = FileDescriptorSet.FromString(image.read_bytes()).file
    services = sorted({file.name for file in files if file.service} & set(own_files()))
    protoc(*plugins, f"--grpc_python_out={target}", f"--mypy_grpc_out=quiet:{target}", *services)


def replace_stubs(fresh: Path, target: Path) -> None:
    """Put the stubs of `fresh` into `target` and remove those that no proto file stands for any more."""
    for stale in target.rglob("*_pb2*.py*"):
        if stale.suffix in {".py", ".pyi"} and not (fresh / stale.relative_to(target)).exists():
            stale.unlink()
    shutil.copytree(fresh, target, dirs_exist_ok=True)


def buf(*arguments: str) -> bool:
    """Run buf from the root, where its rules are, and tell whether it had nothing to say."""
    return subprocess.run([str(TOOLS / "buf"), *arguments], cwd=PROTO.parent, check=False).returncode == 0


def compatible(image: Path) -> bool:
    """Tell whether a compiled API keeps what the committed descriptor set promises."""
    return buf("breaking", str(image), "--against", str(DESCRIPTORS), "--path", "atelier")


def generate(stubs: Path, descriptors: Path, *, accept_breaking: bool) -> None:
    """Write stubs and descriptor set, or neither where that would break a promise."""
    with tempfile.TemporaryDirectory() as folder:
        image, fresh = Path(folder, "image.binpb"), Path(folder, "stubs")
        fresh.mkdir()
        write_image(image, source_info=False)
        if not accept_breaking and DESCRIPTORS.exists() and not compatible(image):
            raise SystemExit(REFUSED)
        write_stubs(fresh, image)
        replace_stubs(fresh, stubs)
        shutil.copyfile(image, descriptors)


def lint() -> None:
    """Hold the proto files to form (buf format), custom (buf lint) and promise (buf breaking)."""
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder, "image.binpb")
        write_image(image, source_info=True)
        clean = [
            buf("format", "proto", "--path", "proto/atelier", "--diff", "--exit-code"),
            buf("lint", str(image), "--path", "atelier"),
            compatible(image),
        ]
    if not all(clean):
        raise SystemExit(1)


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=["stubs", "lint"])
    parser.add_argument("--out", type=Path, help="write into this folder and leave the committed files alone")
    parser.add_argument("--accept-breaking", action="store_true", help="let the descriptor set break its promises")
    options = parser.parse_args()
    if options.task == "lint":
        lint()
    else:
        stubs, descriptors = (options.out, options.out / DESCRIPTORS.name) if options.out else (STUBS, DESCRIPTORS)
        generate(stubs, descriptors, accept_breaking=options.accept_breaking)


if __name__ == "__main__":
    main()
