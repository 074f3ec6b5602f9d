from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from atelier_sdk import errors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.descriptor_pb2 import DescriptorProto, EnumDescriptorProto, FileDescriptorProto

# Field numbers of descriptor.proto, by which a comment says what it is about.
SERVICE, METHOD, MESSAGE, FIELD, ONEOF, NESTED, ENUM, VALUE, NESTED_ENUM, SYNTAX = 6, 2, 4, 2, 8, 3, 5, 2, 4, 12

Path = tuple[int, ...]


def elements(file: FileDescriptorProto) -> Iterator[tuple[str, Path]]:
    """Every element that a comment can stand above, by its name and its path in the file."""
    for i, service in enumerate(file.service):
        yield service.name, (SERVICE, i)
        for j, method in enumerate(service.method):
            yield f"{service.name}.{method.name}", (SERVICE, i, METHOD, j)
    for i, message in enumerate(file.message_type):
        yield from message_elements(message, message.name, (MESSAGE, i))
    for i, enum in enumerate(file.enum_type):
        yield from enum_elements(enum, enum.name, (ENUM, i))


def message_elements(message: DescriptorProto, name: str, path: Path) -> Iterator[tuple[str, Path]]:
    yield name, path
    made_up = {field.oneof_index for field in message.field if field.proto3_optional}
    for i, field in enumerate(message.field):
        yield f"{name}.{field.name}", (*path, FIELD, i)
    for i, oneof in enumerate(message.oneof_decl):
        if i not in made_up:
            yield f"{name}.{oneof.name}", (*path, ONEOF, i)
    for i, nested in enumerate(message.nested_type):
        yield from message_elements(nested, f"{name}.{nested.name}", (*path, NESTED, i))
    for i, enum in enumerate(message.enum_type):
        yield from enum_elements(enum, f"{name}.{enum.name}", (*path, NESTED_ENUM, i))


def enum_elements(enum: EnumDescriptorProto, name: str, path: Path) -> Iterator[tuple[str, Path]]:
    yield name, path
    for i, value in enumerate(enum.value):
        yield f"{name}.{value.name}", (*path, VALUE, i)


def comments(file: FileDescriptorProto) -> dict[Path, str]:
    return {tuple(at.path): at.leading_comments.strip() for at in file.source_code_info.location}


def test_every_element_has_a_comment(files: list[FileDescriptorProto]) -> None:
    without = [
        f"{file.name}: {name}" for file in files for name, path in elements(file) if not comments(file).get(path)
    ]
    assert without == []


def test_every_file_says_what_it_is_about(files: list[FileDescriptorProto]) -> None:
    heads = {
        file.name: "".join(at.leading_detached_comments) + at.leading_comments
        for file in files
        for at in file.source_code_info.location
        if tuple(at.path) == (SYNTAX,)
    }
    assert [name for name, head in heads.items() if not head.strip().endswith(".")] == []
    assert len(heads) == len(files)


def test_comments_are_sentences(files: list[FileDescriptorProto]) -> None:
    broken = [
        f"{file.name}: {name}: {text}"
        for file in files
        for name, path in elements(file)
        if not re.match(r"[A-Z`\-0-9]", text := re.sub(r"\s*buf:lint:ignore \w+$", "", comments(file).get(path, "")))
        or not text.endswith(".")
    ]
    assert broken == []


def test_every_rpc_says_its_errors_or_its_service_does(files: list[FileDescriptorProto]) -> None:
    silent = []
    for file in files:
        said = comments(file)
        for i, service in enumerate(file.service):
            for j, method in enumerate(service.method):
                if not re.search(r"^ ?Errors", f"{said[SERVICE, i]}\n{said[SERVICE, i, METHOD, j]}", re.MULTILINE):
                    silent.append(f"{service.name}.{method.name}")
    assert silent == []


def reasons(kind: type[errors.AtelierError]) -> Iterator[tuple[str, str]]:
    yield kind.reason, kind.status
    for subclass in kind.__subclasses__():
        yield from reasons(subclass)


@pytest.mark.parametrize("element", ["service", "method"])
def test_every_error_that_a_comment_names_exists_with_that_code(files: list[FileDescriptorProto], element: str) -> None:
    known = dict(reasons(errors.AtelierError))
    codes = "|".join(sorted({*known.values()}))
    length = 2 if element == "service" else 4
    named, wrong = 0, []
    for file in files:
        for path, text in comments(file).items():
            if path[:1] != (SERVICE,) or len(path) != length:
                continue
            for code, listed in re.findall(rf"\b({codes})\s+\(([^()]*)\)", text):
                for reason in re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b|\bQUOTA\b|\bDRAINING\b", listed):
                    named += 1
                    if known.get(reason) != code:
                        wrong.append(f"{file.name}: {code} ({reason})")
    assert wrong == []
    assert named > 10
