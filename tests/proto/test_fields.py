from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import pytest
from atelier_rpc.validation import compile_service
from buf.validate import validate_pb2
from google.api import field_behavior_pb2  # type: ignore[import-untyped]
from google.protobuf.descriptor_pb2 import FieldDescriptorProto

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto

REQUIRED, OUTPUT_ONLY = field_behavior_pb2.REQUIRED, field_behavior_pb2.OUTPUT_ONLY

# Fields of requests without limits, and why.
OPEN = {
    "Generation.seed": "every 64 bits are a seed",
    "Grain.seed": "every 64 bits are a seed",
    "Upscaling.seed": "every 64 bits are a seed",
    "Point.x": "the picture is the limit",
    "Point.y": "the picture is the limit",
    "PutHeader.time_to_live": "the operator's limit, and it shortens what is asked for",
    "CreateProfileRequest.time_to_live": "the operator's limit, and it shortens what is asked for",
}

Kind = FieldDescriptorProto
NUMBERS = {
    Kind.TYPE_FLOAT: "float",
    Kind.TYPE_DOUBLE: "double",
    Kind.TYPE_INT32: "int32",
    Kind.TYPE_INT64: "int64",
    Kind.TYPE_UINT32: "uint32",
    Kind.TYPE_UINT64: "uint64",
}


@pytest.fixture(scope="module")
def messages(files: list[FileDescriptorProto]) -> dict[str, DescriptorProto]:
    return {f".{file.package}.{message.name}": message for file in files for message in file.message_type}


@pytest.fixture(scope="module")
def asked(files: list[FileDescriptorProto], messages: dict[str, DescriptorProto]) -> list[DescriptorProto]:
    """Every message that a caller can send, as a request or inside one."""
    todo = [method.input_type for file in files for service in file.service for method in service.method]
    seen: set[str] = set()
    while todo:
        name = todo.pop()
        if name in messages and name not in seen:
            seen.add(name)
            todo += [field.type_name for field in messages[name].field]
    return [messages[name] for name in sorted(seen)]


def behaviors(field: FieldDescriptorProto) -> list[int]:
    return list(field.options.Extensions[field_behavior_pb2.field_behavior])


def rules(field: FieldDescriptorProto) -> validate_pb2.FieldRules:
    return field.options.Extensions[validate_pb2.field]


def named(fields: list[DescriptorProto]) -> Iterator[tuple[str, FieldDescriptorProto]]:
    for message in fields:
        for field in message.field:
            yield f"{message.name}.{field.name}", field


def is_bounded(field: FieldDescriptorProto) -> bool:
    """Tell whether a field's rules leave it a finite set of values, so that nothing absurd gets in."""
    given = rules(field)
    if field.label == Kind.LABEL_REPEATED:
        return given.repeated.HasField("max_items")
    if field.type in NUMBERS:
        number = getattr(given, NUMBERS[field.type])
        closed = number.WhichOneof("less_than") == "lte" and number.WhichOneof("greater_than") == "gte"
        finite = number.finite if field.type in {Kind.TYPE_FLOAT, Kind.TYPE_DOUBLE} else True
        return (closed and finite) or len(getattr(number, "in")) > 0
    if field.type == Kind.TYPE_STRING:
        closed = given.string.pattern.endswith("$") or len(getattr(given.string, "in")) > 0
        return closed or given.string.HasField("max_len") or given.string.uuid
    if field.type == Kind.TYPE_BYTES:
        return given.bytes.HasField("max_len")
    if field.type == Kind.TYPE_ENUM:
        return given.enum.defined_only or len(getattr(given.enum, "in")) > 0
    if field.type_name == ".google.protobuf.Duration":
        return given.duration.HasField("lte")
    return True


def test_every_field_says_how_it_behaves(messages: dict[str, DescriptorProto]) -> None:
    silent = [name for name, field in named([*messages.values()]) if len(behaviors(field)) != 1]
    assert silent == []


def test_every_field_of_a_request_has_limits_or_a_reason_to_have_none(asked: list[DescriptorProto]) -> None:
    unbounded = {name for name, field in named(asked) if not is_bounded(field)}
    assert unbounded == {*OPEN}


def test_no_request_holds_what_only_answers_hold(asked: list[DescriptorProto]) -> None:
    assert [name for name, field in named(asked) if OUTPUT_ONLY in behaviors(field)] == []


def test_answers_hold_nothing_that_a_caller_could_set(
    messages: dict[str, DescriptorProto], asked: list[DescriptorProto]
) -> None:
    sent = {message.name for message in asked}
    only_answered = [message for message in messages.values() if message.name not in sent]
    assert [name for name, field in named(only_answered) if OUTPUT_ONLY not in behaviors(field)] == []


def test_a_required_message_is_held_to_be_there(asked: list[DescriptorProto]) -> None:
    lax = [
        name
        for name, field in named(asked)
        if field.type == Kind.TYPE_MESSAGE
        and field.label != Kind.LABEL_REPEATED
        and (REQUIRED in behaviors(field)) != rules(field).required
    ]
    assert lax == []


def test_a_required_list_or_text_cannot_be_empty(asked: list[DescriptorProto]) -> None:
    lax = [
        name
        for name, field in named(asked)
        if REQUIRED in behaviors(field)
        and (
            (field.label == Kind.LABEL_REPEATED and rules(field).repeated.min_items < 1)
            or (
                field.type == Kind.TYPE_STRING
                and not (rules(field).string.min_len or rules(field).string.uuid or rules(field).string.pattern)
            )
        )
    ]
    assert lax == []


def test_a_bounded_number_that_may_be_left_out_knows_that_it_was(asked: list[DescriptorProto]) -> None:
    """Without presence a default other than 0 cannot be told from a 0 that was asked for."""
    lost = [
        name
        for name, field in named(asked)
        if field.type in NUMBERS
        and field.label != Kind.LABEL_REPEATED
        and REQUIRED not in behaviors(field)
        and not field.HasField("oneof_index")
    ]
    assert lost == []


def test_a_text_that_may_be_left_out_is_not_refused_for_being_empty(asked: list[DescriptorProto]) -> None:
    stuck = [
        name
        for name, field in named(asked)
        if field.type == Kind.TYPE_STRING
        and field.label != Kind.LABEL_REPEATED
        and not field.HasField("oneof_index")
        and REQUIRED not in behaviors(field)
        and (rules(field).string.min_len or rules(field).string.uuid or rules(field).string.pattern)
        and rules(field).ignore != validate_pb2.IGNORE_IF_ZERO_VALUE
    ]
    assert stuck == []


def test_the_zero_of_every_enum_is_unspecified(files: list[FileDescriptorProto]) -> None:
    enums = [enum for file in files for enum in file.enum_type]
    assert [enum.name for enum in enums if not enum.value[0].name.endswith("_UNSPECIFIED")] == []
    assert [enum.name for enum in enums if enum.value[0].number != 0] == []


def test_every_rule_is_one_that_our_processes_evaluate(files: list[FileDescriptorProto]) -> None:
    services = [(file, service) for file in files for service in file.service]
    assert len(services) >= 10
    for file, service in services:
        importlib.import_module(file.name.removesuffix(".proto").replace("/", ".") + "_pb2")
        compile_service(f"{file.package}.{service.name}")
