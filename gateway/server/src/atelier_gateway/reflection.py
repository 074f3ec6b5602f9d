"""Server reflection over the capabilities' own descriptors.

Every capability has a pool of its own, because two plugins may bring different versions of a common file. What is asked
for is looked up in one pool after the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from google.protobuf import descriptor_pool
from grpc_reflection.v1alpha import reflection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import grpc
    from google.protobuf.descriptor import Descriptor, FieldDescriptor, FileDescriptor
    from google.protobuf.descriptor_pool import DescriptorPool

Found = TypeVar("Found")


class Pools:
    """Several descriptor pools that look like one to the reflection servicer. KeyError where none has what is asked."""

    def __init__(self, pools: Iterable[DescriptorPool]) -> None:
        self._pools = tuple(pools)

    def FindFileByName(self, name: str) -> FileDescriptor:  # noqa: N802 (protobuf's name)
        """Find a file by its path."""
        found: FileDescriptor = self._first(lambda pool: pool.FindFileByName(name))
        return found

    def FindFileContainingSymbol(self, name: str) -> FileDescriptor:  # noqa: N802 (protobuf's name)
        """Find the file that defines a service, message, enum, field or method."""
        found: FileDescriptor = self._first(lambda pool: pool.FindFileContainingSymbol(name))
        return found

    def FindMessageTypeByName(self, name: str) -> Descriptor:  # noqa: N802 (protobuf's name)
        """Find a message by its full name."""
        found: Descriptor = self._first(lambda pool: pool.FindMessageTypeByName(name))
        return found

    def FindExtensionByNumber(self, message: Descriptor, number: int) -> FieldDescriptor:  # noqa: N802 (protobuf's name)
        """Find an extension of a message in the message's own pool."""
        return message.file.pool.FindExtensionByNumber(message, number)  # type: ignore[no-any-return]

    def FindAllExtensions(self, message: Descriptor) -> Sequence[FieldDescriptor]:  # noqa: N802 (protobuf's name)
        """List the extensions of a message in the message's own pool."""
        return message.file.pool.FindAllExtensions(message)  # type: ignore[no-any-return]

    def _first(self, find: Callable[[Any], Found]) -> Found:  # the stubs of a pool's methods have no types
        for pool in self._pools:
            try:
                return find(pool)
            except KeyError:
                continue
        raise KeyError


def add_to(server: grpc.aio.Server, own_services: Iterable[str], capabilities: dict[str, DescriptorPool]) -> None:
    """Answer reflection for the gateway's own services and for each capability's service with its pool."""
    pools = Pools([*capabilities.values(), descriptor_pool.Default()])  # type: ignore[no-untyped-call]
    names = [*own_services, *capabilities, reflection.SERVICE_NAME]
    reflection.enable_server_reflection(names, server, pool=cast("DescriptorPool", pools))
