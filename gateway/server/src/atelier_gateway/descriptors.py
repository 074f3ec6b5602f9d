"""What the descriptors of a capability say: its services, its methods, their kinds."""

from __future__ import annotations

from enum import Enum

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError


class IncompleteDescriptorsError(Exception):
    """A descriptor set cannot be used; the sentence says why."""


class Kind(Enum):
    """How many messages go each way: (requests are a stream, responses are a stream)."""

    UNARY_UNARY = (False, False)
    UNARY_STREAM = (False, True)
    STREAM_UNARY = (True, False)
    STREAM_STREAM = (True, True)


def pool_of(descriptors: bytes) -> DescriptorPool:
    """Load a serialised FileDescriptorSet into a pool of its own, in whatever order its files stand.

    Raises IncompleteDescriptorsError when it is none, or an import is not in it.
    """
    try:
        files = {file.name: file for file in FileDescriptorSet.FromString(descriptors).file}
    except DecodeError as error:
        raise IncompleteDescriptorsError("they are no google.protobuf.FileDescriptorSet") from error
    pool = DescriptorPool()
    done: set[str] = set()
    for name in files:
        _add(name, files, pool, done)
    return pool


def _add(name: str, files: dict[str, FileDescriptorProto], pool: DescriptorPool, done: set[str]) -> None:
    if name in done:
        return
    done.add(name)
    if name not in files:
        raise IncompleteDescriptorsError(f"the imported file {name} is missing")
    for imported in files[name].dependency:
        _add(imported, files, pool, done)
    try:
        pool.AddSerializedFile(files[name].SerializeToString())  # type: ignore[no-untyped-call]
    except TypeError as error:
        raise IncompleteDescriptorsError(f"{name} is not valid: {error}") from error


def services_of(descriptors: bytes) -> frozenset[str]:
    """Return the full names of the gRPC services that a serialised FileDescriptorSet holds."""
    files = FileDescriptorSet.FromString(descriptors).file
    return frozenset(
        f"{file.package}.{service.name}" if file.package else service.name for file in files for service in file.service
    )


def methods_of(descriptors: bytes, service: str) -> dict[str, Kind]:
    """Return the methods of a service in a serialised FileDescriptorSet by their path, `/package.Service/Method`."""
    package, _, name = service.rpartition(".")
    return {
        f"/{service}/{method.name}": Kind((method.client_streaming, method.server_streaming))
        for file in FileDescriptorSet.FromString(descriptors).file
        if file.package == package
        for found in file.service
        if found.name == name
        for method in found.method
    }
