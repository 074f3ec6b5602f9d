"""The API of the capabilities that tests write: one RPC, `Echo`, of one message, `Blob`."""

from __future__ import annotations

import sys
from pathlib import Path

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet

SERVICE_FILE = Path(__file__).with_name("toy_service.py")

PLUGIN = """
@hookimpl
def atelier_capabilities():
    yield Capability(
        {name!r}, {service!r}, "Gives back what it gets.",
        bytes.fromhex({descriptors!r}),
        ({python!r}, {file!r}, {service!r}),
        limits=Limits(default_deadline_seconds=1.0, max_deadline_seconds=2.0),
        resources=Resources(memory_bytes={memory_bytes}),
        environment={{"TOY": {behaviour!r}}},
    )
"""


def descriptors(package: str, *, commented: bool = False) -> bytes:
    """Describe `PACKAGE.Toy` as `protoc` would."""
    file = FileDescriptorProto(name=f"{package}/toy.proto".replace(".", "/"), package=package, syntax="proto3")
    message = file.message_type.add(name="Blob")
    message.field.add(
        name="content", number=1, type=FieldDescriptorProto.TYPE_BYTES, label=FieldDescriptorProto.LABEL_OPTIONAL
    )
    service = file.service.add(name="Toy")
    service.method.add(name="Echo", input_type=f".{package}.Blob", output_type=f".{package}.Blob")
    if commented:
        for path in ([4, 0], [4, 0, 2, 0], [6, 0], [6, 0, 2, 0]):
            file.source_code_info.location.add(path=path, leading_comments=" What it is.\n")
    return FileDescriptorSet(file=[file]).SerializeToString()


def plugin(name: str, *, behaviour: str = "", memory_bytes: int = 0, commented: bool = False) -> str:
    """Write the source of a plugin with one capability, whose process behaves so."""
    return PLUGIN.format(
        name=name,
        service=f"{name}.v1.Toy",
        descriptors=descriptors(f"{name}.v1", commented=commented).hex(),
        python=sys.executable,
        file=str(SERVICE_FILE),
        memory_bytes=memory_bytes,
        behaviour=behaviour,
    )
