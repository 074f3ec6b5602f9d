"""A capability's API as its descriptors tell it: which RPCs are edits, what their fields may hold."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from buf.validate import validate_pb2
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.descriptor import Descriptor, MethodDescriptor, ServiceDescriptor

    from atelier_sdk.capability import Capability

_IMAGE, _REPORT = "atelier.v1.Image", "atelier.v1.Report"


class IncompleteError(Exception):
    """The descriptors lack something; the sentence says what."""


@dataclass(frozen=True)
class Api:
    """The gRPC service of a capability, from its own descriptors alone, in a pool of their own."""

    capability: Capability

    @cached_property
    def files(self) -> FileDescriptorSet:
        """Return the descriptor set."""
        return FileDescriptorSet.FromString(self.capability.descriptors)

    @cached_property
    def service(self) -> ServiceDescriptor:
        """Return the service. Raises IncompleteError where an import or the service is missing."""
        pool = descriptor_pool.DescriptorPool()
        try:
            for file in self.files.file:
                pool.Add(file)  # type: ignore[no-untyped-call]
            found: ServiceDescriptor = pool.FindServiceByName(self.capability.service)  # type: ignore[no-untyped-call]
            _ = [(method.input_type, method.output_type) for method in found.methods]
        except (KeyError, TypeError) as error:
            raise IncompleteError(str(error)) from error
        return found

    def edits(self) -> dict[str, MethodDescriptor]:
        """Return the RPCs that take a picture and give back a picture and a report."""
        return {
            method.name: method
            for method in self.service.methods
            if _type_of(method.input_type, "image") == _IMAGE and answer_path(method.output_type) is not None
        }


def answer_path(response: Descriptor) -> str | None:
    """Return where in a response the picture and its report are: "" at the top, else a field; None: nowhere."""
    if _is_answer(response):
        return ""
    return next((each.name for each in response.fields if each.message_type and _is_answer(each.message_type)), None)


def message_class(descriptor: Descriptor) -> Any:
    """Return the class of a message."""
    return message_factory.GetMessageClass(descriptor)


def break_every_bound(message: Any, path: str = "") -> Iterator[str]:
    """Set every bounded number of a request out of its range, and yield the paths of those fields.

    Pictures are left alone, and of several alternatives (`oneof`) those that are not set.
    """
    for field in message.DESCRIPTOR.fields:
        if field.is_repeated or not _reachable(message, field):
            continue
        if field.message_type is not None:
            if field.message_type.full_name != _IMAGE:
                yield from break_every_bound(getattr(message, field.name), f"{path}{field.name}.")
        elif (beyond := _beyond(field)) is not None:
            setattr(message, field.name, beyond)
            yield path + field.name


def _reachable(message: Any, field: FieldDescriptor) -> bool:
    """Say whether a field can be broken without choosing an alternative or making a message that was left out."""
    oneof = field.containing_oneof
    chosen = oneof is None or len(oneof.fields) == 1 or message.HasField(field.name)
    return chosen and (field.message_type is None or message.HasField(field.name))


def _beyond(field: FieldDescriptor) -> float | None:
    """Return a value just outside of the range of a number; None where it has no range."""
    rules = field.GetOptions().Extensions[validate_pb2.field]
    kind = rules.WhichOneof("type")
    if kind is None or field.cpp_type in (FieldDescriptor.CPPTYPE_STRING, FieldDescriptor.CPPTYPE_ENUM):
        return None
    bounds = getattr(rules, kind)
    for name in ("lte", "lt"):
        if name in bounds.DESCRIPTOR.fields_by_name and bounds.HasField(name):
            return _number(field, getattr(bounds, name) + 1)
    for name in ("gte", "gt"):
        if name in bounds.DESCRIPTOR.fields_by_name and bounds.HasField(name):
            return _number(field, getattr(bounds, name) - 1)
    return None


def _number(field: FieldDescriptor, value: float) -> float:
    floating = field.cpp_type in (FieldDescriptor.CPPTYPE_FLOAT, FieldDescriptor.CPPTYPE_DOUBLE)
    return value if floating else math.floor(value)


def _is_answer(message: Descriptor) -> bool:
    return _type_of(message, "image") == _IMAGE and _type_of(message, "report") == _REPORT


def _type_of(message: Descriptor, field: str) -> str | None:
    found = message.fields_by_name.get(field)
    return found.message_type.full_name if found is not None and found.message_type is not None else None
