"""The service on loopback with the installed models, and an encoder that goes by the colour of what it is shown."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import numpy as np
import pytest
from atelier.v1 import identity_pb2, identity_pb2_grpc, image_pb2
from atelier_identity.capability import identity_capability
from atelier_identity.servicer import IdentityServicer
from atelier_imaging.decode import decode
from atelier_rpc.artifacts import ArtifactStore
from atelier_rpc.errors import from_rpc_error
from atelier_rpc.places import home_folder
from atelier_service.models.contract import not_installed
from atelier_service.models.in_process import InProcessModels
from atelier_service.server import Server
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Mapping

    from atelier_identity.store import ProfileStore
    from atelier_sdk.errors import AtelierError
    from atelier_service.cancellation import Cancellation
    from atelier_service.models.backend import Arrays, InstalledModel
    from numpy.typing import NDArray

    Stub = identity_pb2_grpc.IdentityServiceAsyncStub


class ByColour(InProcessModels):
    """The installed networks, but for the encoder: tinted red, green or blue, a face is another person's."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.encoder: InstalledModel | None = None

    async def close(self) -> None:
        """Stay open for the next test: loading takes longer than all else."""

    def infer(
        self, model: str, inputs: Mapping[str, NDArray[np.float32]], *, cancellation: Cancellation, deadline: float
    ) -> Arrays:
        if model != "face_encoder":
            return super().infer(model, inputs, cancellation=cancellation, deadline=deadline)
        if self.encoder is None:
            raise not_installed(model)
        colour = inputs["image"].mean(axis=(1, 2))
        tint = colour / colour.sum(axis=1, keepdims=True)
        return {"embedding": np.pad(2.0 * tint, ((0, 0), (0, 125))).astype(np.float32)}

    def installed(self, model: str) -> InstalledModel:
        if model != "face_encoder":
            return super().installed(model)
        if self.encoder is None:
            raise not_installed(model)
        return self.encoder


def models_folder() -> Path:
    """The folder of installed models, or the reason why there is none."""
    home = os.environ.get("ATELIER_HOME")
    folder = home_folder(Path(home) if home else None) / "models"
    needed = [model for model in identity_capability().models if model != "face_encoder"]
    if not all((folder / model).is_dir() for model in needed):
        pytest.skip(f"no models in {folder}; `atelier models convert` installs them")
    return folder


@asynccontextmanager
async def serving(tmp_path: Path, store: ProfileStore, backend: InProcessModels) -> AsyncIterator[Stub]:
    servicer = IdentityServicer(store, default_time=timedelta(days=30), longest_time=timedelta(days=365))
    artifacts = ArtifactStore.from_url((tmp_path / "artifacts").as_uri())
    server = Server(identity_capability(), servicer, backend=backend, store=artifacts)
    port = await server.start("127.0.0.1:0")
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        try:
            yield identity_pb2_grpc.IdentityServiceStub(channel)
        finally:
            await server.drain(0.2)


async def refusal(call: Awaitable[object]) -> AtelierError:
    """Expect a call to fail and return its error."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return from_rpc_error(caught.value)


def png(pixels: NDArray[np.uint8]) -> image_pb2.Image:
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return image_pb2.Image(content=stream.getvalue())


def sitting(pixels: NDArray[np.uint8]) -> identity_pb2.Portrait:
    return identity_pb2.Portrait(image=png(pixels))


def pixels_of(image: image_pb2.Image) -> NDArray[np.uint8]:
    return np.asarray(decode(image.content).pixels, np.uint8)


def tinted(pixels: NDArray[np.uint8], red: float, green: float, blue: float) -> NDArray[np.uint8]:
    """Multiply the colours: for `ByColour` that is another person with the same face."""
    return np.asarray(np.clip(pixels * np.array([red, green, blue]), 0, 255), np.uint8)
