"""The API as compiled, with its comments, and the module that compiles it."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet

if TYPE_CHECKING:
    from types import ModuleType

    from google.protobuf.descriptor_pb2 import FileDescriptorProto

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "proto" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def files(generate: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> list[FileDescriptorProto]:
    """Our own files, with comments."""
    image = tmp_path_factory.mktemp("image") / "image.binpb"
    generate.write_image(image, source_info=True)
    compiled = FileDescriptorSet.FromString(image.read_bytes()).file
    return [file for file in compiled if file.package == "atelier.v1"]
