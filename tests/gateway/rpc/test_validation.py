"""The native evaluator says what protovalidate says, and a little more clearly."""

from __future__ import annotations

import importlib
import math
import pkgutil
import struct
from functools import cache
from typing import TYPE_CHECKING, cast

import atelier.v1
import protovalidate
import pytest
from atelier.v1 import artifact_pb2, generate_pb2, image_pb2, studio_pb2, style_pb2
from atelier_rpc import validation
from atelier_rpc.rules import UnknownRuleError
from atelier_sdk.errors import FieldOutOfRangeError
from buf.validate import validate_pb2
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import FieldDescriptor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor
    from google.protobuf.message import Message
    from hypothesis.strategies import DrawFn, SearchStrategy

for module in pkgutil.iter_modules(atelier.v1.__path__):
    importlib.import_module(f"atelier.v1.{module.name}")

POOL = descriptor_pool.Default()  # type: ignore[no-untyped-call]
SERVICES = sorted(
    service.full_name
    for module in pkgutil.iter_modules(atelier.v1.__path__)
    if not module.name.endswith("_grpc")
    for service in importlib.import_module(f"atelier.v1.{module.name}").DESCRIPTOR.services_by_name.values()
)
REQUESTS = sorted({m.input_type.full_name for name in SERVICES for m in POOL.FindServiceByName(name).methods})

FLOATS = st.one_of(st.floats(width=32), st.sampled_from([0.0, -0.0, 1.0, 0.05, math.nan, math.inf, -math.inf, 25.0]))
TEXTS = st.one_of(
    st.text(max_size=70),
    st.uuids().map(str),
    st.sampled_from(
        [
            *(
                "",
                "a",
                "a:b",
                "sha256:" + "a" * 64,
                "sha256:" + "a" * 64 + "\n",
                "image/png",
                "//x/y",
                "https://[::1]/",
            ),
            *(
                "https://example.com/a?b#c",
                "https://exa mple.com",
                "https://x/%zz",
                "https://%ff/",
                "https://[::1%25eth0]/",
            ),
        ]
    ),
)
INTEGERS = st.one_of(st.sampled_from([-1, 0, 1, 2, 8, 12, 16, 64, 100, 101, 1024]), st.integers(-(2**31), 2**31 - 1))
SCALARS: dict[int, SearchStrategy[object]] = {
    FieldDescriptor.CPPTYPE_FLOAT: FLOATS,
    FieldDescriptor.CPPTYPE_DOUBLE: FLOATS,
    FieldDescriptor.CPPTYPE_BOOL: st.booleans(),
    FieldDescriptor.CPPTYPE_INT32: INTEGERS,
    FieldDescriptor.CPPTYPE_INT64: INTEGERS,
    FieldDescriptor.CPPTYPE_UINT32: INTEGERS.map(abs),
    FieldDescriptor.CPPTYPE_UINT64: INTEGERS.map(abs),
    FieldDescriptor.CPPTYPE_ENUM: st.sampled_from([0, 1, 2, 3, 99]),
}


def scalar(field: FieldDescriptor) -> SearchStrategy[object]:
    if field.type == FieldDescriptor.TYPE_BYTES:
        return st.binary(max_size=4)
    if field.type == FieldDescriptor.TYPE_STRING:
        return TEXTS
    return SCALARS[field.cpp_type]


@st.composite
def messages(draw: DrawFn, descriptor: Descriptor, depth: int = 0) -> Message:
    """Draw a message of any type, each field set or not."""
    message = message_factory.GetMessageClass(descriptor)()
    for field in descriptor.fields:
        if depth > 4 or not draw(st.integers(0, 2)):
            continue
        kind = field.message_type
        if kind is not None and kind.GetOptions().map_entry:
            continue
        if kind is not None and kind.full_name.startswith("google.protobuf.") and kind.name != "Duration":
            continue
        of_one = messages(kind, depth + 1) if kind is not None else scalar(field)
        if field.is_repeated:
            getattr(message, field.name).extend(draw(st.lists(of_one, max_size=3)))
        elif kind is not None:
            getattr(message, field.name).CopyFrom(draw(of_one))
        else:
            setattr(message, field.name, draw(of_one))
    return message


@cache
def oracle() -> protovalidate.Validator:
    return protovalidate.Validator()  # type: ignore[no-untyped-call]


def said_by_protovalidate(message: Message) -> set[str]:
    return {path(violation.proto.field) for violation in oracle().collect_violations(message)}


def path(field: validate_pb2.FieldPath) -> str:
    # protovalidate's elements already stand from the outside in.
    return ".".join(e.field_name + (f"[{e.index}]" if e.HasField("index") else "") for e in field.elements)


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(REQUESTS).flatmap(lambda name: messages(POOL.FindMessageTypeByName(name))))
def test_it_finds_what_protovalidate_finds(message: Message) -> None:
    found = {violation.field for violation in validation.violations(message, wire_bytes=message.ByteSize())}
    assert found == said_by_protovalidate(message)


@pytest.mark.parametrize("service", SERVICES)
def test_every_annotation_of_the_api_is_evaluated(service: str) -> None:
    """Compiling raises for an annotation that is not (see the last test); it must have seen every method."""
    methods = POOL.FindServiceByName(service).methods
    assert validation.compile_service(service) == tuple(f"/{service}/{method.name}" for method in methods)


def apply_request(**fields: object) -> style_pb2.ApplyRequest:
    return style_pb2.ApplyRequest(image=image_pb2.Image(content=b"x"), **fields)  # type: ignore[arg-type]


def described(message: Message) -> dict[str, str]:
    return {violation.field: violation.description for violation in validation.violations(message)}


def test_a_range_is_told_with_the_value() -> None:
    grade = style_pb2.Grade(strength=1.5, vignette=math.nan)
    assert described(apply_request(grade=grade)) == {
        "grade.strength": "must be a finite number between 0 and 1; it is 1.5",
        "grade.vignette": "must be a finite number between 0 and 1; it is nan",
    }


def test_an_unknown_aspect_is_answered_with_those_that_there_are() -> None:
    """No pattern is shown: whoever reads this is a photographer."""
    known = "1:1, 2:3, 3:2, 3:4, 4:3, 4:5, 5:4, 9:16, 16:9, 21:9"
    assert described(generate_pb2.Composition(aspect="7:3")) == {"aspect": f"must be one of {known}"}
    assert described(generate_pb2.Composition()) == {}


def test_members_lengths_patterns_and_missing_parts_are_told() -> None:
    output = image_pb2.OutputOptions(bit_depth=12, format=cast("image_pb2.ImageFormat.ValueType", 99))
    wrong = style_pb2.GradeRequest(image=image_pb2.Image(), request_id="x", output=output)
    told = described(wrong)
    assert told["request_id"] == "must be a UUID"
    assert told["image.source"] == "one of content, artifact, uri must be set"
    assert told["grade"] == "is required"
    assert told["output.bit_depth"] == "must be one of 8, 16; it is 12"
    assert told["output.format"].endswith("IMAGE_FORMAT_TIFF; it is 99")


def test_items_are_told_by_their_index() -> None:
    recipe = studio_pb2.Recipe(steps=[studio_pb2.Step(), studio_pb2.Step()])
    assert set(described(studio_pb2.RunRequest(recipe=recipe))) >= {
        "recipe.steps[0].operation",
        "recipe.steps[1].operation",
    }


def test_a_duration_is_held_to_its_bounds() -> None:
    header = artifact_pb2.PutHeader()
    header.time_to_live.FromMilliseconds(500)
    assert described(artifact_pb2.PutRequest(header=header)) == {"header.time_to_live": "must be at least 1 seconds"}


def test_a_byte_string_is_held_to_its_length() -> None:
    chunk = artifact_pb2.PutRequest(chunk=bytes(4 * 1024 * 1024 + 1))
    assert described(chunk) == {"chunk": "must have at most 4194304 bytes"}
    size = chunk.ByteSize()
    assert [violation.field for violation in validation.violations(chunk, wire_bytes=size)] == ["chunk"]


def test_a_picture_of_a_message_that_is_small_enough_is_not_looked_at() -> None:
    """Reading a `bytes` field copies it, so that a field below its limit by the size of its message is not read."""

    class Unread:
        DESCRIPTOR = artifact_pb2.PutRequest.DESCRIPTOR

        def HasField(self, name: str) -> bool:  # noqa: ARG002, N802 (protobuf's)
            return False

        def WhichOneof(self, name: str) -> None:  # noqa: ARG002, N802 (protobuf's)
            return None

        @property
        def chunk(self) -> bytes:
            raise AssertionError("it was read")

    unread = cast("Message", Unread())
    assert validation.violations(unread, wire_bytes=1000) == ()
    with pytest.raises(AssertionError, match="it was read"):
        validation.violations(unread)


def test_checking_raises_with_all_violations() -> None:
    expected = r"^2 fields break the contract: grade\.strength, grade\.halation$"
    with pytest.raises(FieldOutOfRangeError, match=expected) as caught:
        validation.check(apply_request(grade=style_pb2.Grade(strength=2, halation=-1)))
    assert len(caught.value.violations) == 2
    validation.check(apply_request())


def annotated(**rules: object) -> str:
    """Register a message with one annotated field and a service that takes it; return the service's name."""
    number = next(_numbers)
    file = descriptor_pb2.FileDescriptorProto(
        name=f"toy{number}.proto", package=f"toy{number}", syntax="proto3", dependency=["buf/validate/validate.proto"]
    )
    message = file.message_type.add(name="Request")
    field = message.field.add(name="value", number=1, label=1, type=descriptor_pb2.FieldDescriptorProto.TYPE_STRING)
    field.options.Extensions[validate_pb2.field].CopyFrom(validate_pb2.FieldRules(**rules))  # type: ignore[arg-type]
    service = file.service.add(name="Toy")
    name = f".toy{number}.Request"
    service.method.add(name="Do", input_type=name, output_type=name)
    POOL.Add(file)
    return f"toy{number}.Toy"


_numbers = iter(range(1000))


@pytest.mark.parametrize(
    "rules",
    [
        {"string": validate_pb2.StringRules(email=True)},
        {"string": validate_pb2.StringRules(pattern="a$|b")},
        {"cel": [validate_pb2.Rule(id="x", expression="this != ''")]},
        {"int32": validate_pb2.Int32Rules(gte=5, lte=1)},
        {"map": validate_pb2.MapRules(min_pairs=1)},
    ],
    ids=["kind", "pattern", "cel", "crossed", "map"],
)
def test_an_annotation_that_is_not_evaluated_stops_the_start(rules: dict[str, object]) -> None:
    with pytest.raises(UnknownRuleError, match="value"):
        validation.compile_service(annotated(**rules))


def test_a_float_is_compared_as_the_float32_that_it_is() -> None:
    exact = struct.unpack("f", struct.pack("f", 0.05))[0]
    grain = style_pb2.Grain(parameters=style_pb2.GrainParameters(radius_pixels=exact))
    assert described(apply_request(grain=grain)) == {}
