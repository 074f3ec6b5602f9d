"""What a gRPC service is made of, as reflection and the catalogue of capabilities want it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf import descriptor_pool
from google.protobuf.descriptor_pb2 import FileDescriptorSet

if TYPE_CHECKING:
    from google.protobuf.descriptor import FileDescriptor

__all__ = ["descriptor_set"]


def descriptor_set(service: str) -> bytes:
    """Serialise the `google.protobuf.FileDescriptorSet` of a service: its file and all that it imports, imports first.

    `service` is the full name, such as `atelier.v1.StyleService`; its stubs must be imported, because importing is what
    registers them. LookupError says so where they are not.
    """
    try:
        pool = descriptor_pool.Default()  # type: ignore[no-untyped-call]
        file = pool.FindServiceByName(service).file
    except KeyError:
        raise LookupError(f"no imported stub declares the service {service}") from None
    files: dict[str, FileDescriptor] = {}
    _collect(file, files)
    result = FileDescriptorSet()
    for each in files.values():
        result.file.add().ParseFromString(each.serialized_pb)
    return result.SerializeToString(deterministic=True)


def _collect(file: FileDescriptor, files: dict[str, FileDescriptor]) -> None:
    """Add a file to `files` behind everything that it imports."""
    if file.name in files:
        return
    for imported in file.dependencies:
        _collect(imported, files)
    files[file.name] = file
