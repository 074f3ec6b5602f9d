"""Which elements of an API have no comment."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    ServiceDescriptorProto,
)

from atelier_sdk.stubs import include_folders, protoc

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MESSAGE, _ENUM, _SERVICE = 4, 5, 6  # fields of FileDescriptorProto
_FIELD, _NESTED, _NESTED_ENUM, _ONEOF = 2, 3, 4, 8  # of DescriptorProto
_VALUE, _METHOD = 2, 2  # of EnumDescriptorProto, of ServiceDescriptorProto

Element = tuple[tuple[int, ...], str]
"""Where an element stands in its file, and its name."""


def uncommented(files: FileDescriptorSet, service: str) -> list[str]:
    """Return the names of all elements without a comment, in the files of the service's package."""
    package = service.rpartition(".")[0]
    own = [_with_comments(file) for file in files.file if file.package == package]
    return [f"{package}.{name}" for file in own for name in _without(file)]


def _with_comments(file: FileDescriptorProto) -> FileDescriptorProto:
    """Return the file with its comments, which for Atelier's own API stand in the proto files beside its stubs."""
    if file.HasField("source_code_info") or not file.name.startswith("atelier/v1/"):
        return file
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "with_comments.binpb")
        protoc(include_folders()[0], "--include_source_info", f"--descriptor_set_out={target}", file.name)
        return FileDescriptorSet.FromString(target.read_bytes()).file[0]


def _without(file: FileDescriptorProto) -> list[str]:
    commented = {tuple(each.path) for each in file.source_code_info.location if each.leading_comments.strip()}
    return [name for path, name in _elements(file) if path not in commented]


def _elements(file: FileDescriptorProto) -> Iterator[Element]:
    yield from _each(file.service, (_SERVICE,), _of_service)
    yield from _each(file.message_type, (_MESSAGE,), _of_message)
    yield from _each(file.enum_type, (_ENUM,), _of_enum)


def _of_service(service: ServiceDescriptorProto, path: tuple[int, ...]) -> Iterator[Element]:
    yield path, service.name
    for index, method in enumerate(service.method):
        yield (*path, _METHOD, index), f"{service.name}.{method.name}"


def _of_enum(enum: EnumDescriptorProto, path: tuple[int, ...]) -> Iterator[Element]:
    yield path, enum.name
    for index, value in enumerate(enum.value):
        yield (*path, _VALUE, index), f"{enum.name}.{value.name}"


def _of_message(message: DescriptorProto, path: tuple[int, ...]) -> Iterator[Element]:
    if message.options.map_entry:
        return
    yield path, message.name
    for index, field in enumerate(message.field):
        yield (*path, _FIELD, index), f"{message.name}.{field.name}"
    optional = {field.oneof_index for field in message.field if field.proto3_optional}
    for index, oneof in enumerate(message.oneof_decl):
        if index not in optional:
            yield (*path, _ONEOF, index), f"{message.name}.{oneof.name}"
    inner = [
        *_each(message.nested_type, (*path, _NESTED), _of_message),
        *_each(message.enum_type, (*path, _NESTED_ENUM), _of_enum),
    ]
    yield from ((where, f"{message.name}.{name}") for where, name in inner)


def _each(elements: Sequence[object], path: tuple[int, ...], inside: object) -> Iterator[Element]:
    for index, element in enumerate(elements):
        yield from inside(element, (*path, index))  # type: ignore[operator]
