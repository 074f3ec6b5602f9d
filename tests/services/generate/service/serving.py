"""The service on loopback, with the installed networks for faces and a backend of the tests."""

from __future__ import annotations

import asyncio
import io
import os
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from atelier.v1 import generate_pb2, generate_pb2_grpc, image_pb2
from atelier_generate.capability import generate_capability
from atelier_generate.servicer import GenerateServicer
from atelier_rpc.artifacts import ArtifactStore
from atelier_rpc.errors import from_rpc_error
from atelier_rpc.places import home_folder
from atelier_service.server import Server
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import numpy as np
    from atelier_generate.backend import Backend
    from atelier_sdk.errors import AtelierError
    from atelier_service.models.backend import ModelBackend
    from atelier_service.plugins import Plugins
    from numpy.typing import NDArray

    Stub = generate_pb2_grpc.GenerateServiceAsyncStub

LIMIT = 64 * 1024 * 1024


def models_folder() -> Path:
    """The folder of installed models, or the reason why there is none."""
    home = os.environ.get("ATELIER_HOME")
    folder = home_folder(Path(home) if home else None) / "models"
    if not (folder / "face_encoder").is_dir():
        pytest.skip(f"no models in {folder}; `make models` installs them")
    return folder


class Running:
    """A running service."""

    def __init__(self, server: Server, channel: grpc.aio.Channel) -> None:
        self.server, self.channel = server, channel
        self.stub: Stub = generate_pb2_grpc.GenerateServiceStub(channel)

    async def ask(self, *, seconds: float = 60, tenant: str = "", **fields: Any) -> list[generate_pb2.GenerateResponse]:
        """Return all events of a call."""
        return [event async for event in self.call(seconds=seconds, tenant=tenant, **fields)]

    async def result(self, **fields: Any) -> generate_pb2.GenerateResult:
        """Return a call's result."""
        return (await self.ask(**fields))[-1].result

    def call(self, *, seconds: float = 60, tenant: str = "", **fields: Any) -> Any:
        """Begin a call."""
        metadata = (("x-atelier-tenant", tenant),) if tenant else ()
        return self.stub.Generate(wanted(**fields), timeout=seconds, metadata=metadata)

    async def refusal(self, **fields: Any) -> AtelierError:
        """Expect a call to fail and return its error."""
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await self.ask(**fields)
        return from_rpc_error(caught.value)


def wanted(**fields: Any) -> generate_pb2.GenerateRequest:
    """Make a request; what belongs to the generation goes there."""
    names = generate_pb2.Generation.DESCRIPTOR.fields_by_name
    generation = {name: fields.pop(name) for name in list(fields) if name in names}
    if "prompt" not in generation:
        generation.setdefault("direction", generate_pb2.Direction(mood="calm"))
    return generate_pb2.GenerateRequest(generation=generate_pb2.Generation(**generation), **fields)


@asynccontextmanager
async def serving(
    tmp_path: Path,
    models: ModelBackend,
    backend: Backend,
    *,
    at_once: int = 1,
    identity_address: str = "",
    plugins: Plugins | None = None,
) -> AsyncIterator[Running]:
    """Run the service."""
    servicer = GenerateServicer(backend, identity_address=identity_address)
    store = ArtifactStore.from_url((tmp_path / "artifacts").as_uri())
    server = Server(generate_capability(at_once), servicer, backend=models, store=store, plugins=plugins)
    port = await server.start("127.0.0.1:0")
    await server.ready()  # The canary counts as a step, too.
    options = [("grpc.max_receive_message_length", LIMIT)]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
        try:
            yield Running(server, channel)
        finally:
            await server.drain(0.2)


def opened(image: image_pb2.Image) -> Image.Image:
    return Image.open(io.BytesIO(image.content))


def png(pixels: NDArray[np.uint8]) -> image_pb2.Image:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return image_pb2.Image(content=stream.getvalue())


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for something that happens elsewhere."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        await asyncio.sleep(0.01)
