"""What the tests of expression share: a real portrait with its face, and the service on loopback."""

from __future__ import annotations

import os
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import grpc
import numpy as np
import pytest
import skimage.data
from atelier.v1 import expression_pb2_grpc
from atelier_expression.capability import expression_capability
from atelier_expression.servicer import ExpressionServicer
from atelier_imaging.picture import Picture
from atelier_imaging.portrait import Portrait
from atelier_rpc.artifacts import ArtifactStore
from atelier_rpc.places import home_folder
from atelier_service.cancellation import Cancellation
from atelier_service.models.in_process import InProcessModels
from atelier_service.models.per_call import CallModels
from atelier_service.server import Server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from numpy.typing import NDArray


@pytest.fixture(scope="session")
def backend() -> InProcessModels:
    """The installed models; tests that ask for them skip where there are none."""
    home = os.environ.get("ATELIER_HOME")
    folder = home_folder(Path(home) if home else None) / "models"
    if not all((folder / model).is_dir() for model in expression_capability().models):
        pytest.skip(f"no models in {folder}; `make models` installs them")
    return InProcessModels(folder)


@pytest.fixture
def models(backend: InProcessModels) -> CallModels:
    """The models as an operation sees them."""
    return CallModels(backend, cancellation=Cancellation(), deadline=time.monotonic() + 600)


@pytest.fixture(scope="session")
def astronaut() -> NDArray[np.uint8]:
    """Head and shoulders of a real portrait (NASA, public domain), 640 x 640."""
    part = np.ascontiguousarray(skimage.data.astronaut()[0:320, 64:384])
    return np.asarray(cv2.resize(part, (640, 640), interpolation=cv2.INTER_CUBIC), np.uint8)


@pytest.fixture
def portrait(astronaut: NDArray[np.uint8], models: CallModels) -> Portrait:
    """The astronaut, analysed by the installed models."""
    return Portrait(Picture.from_array(astronaut.copy()), models)


@asynccontextmanager
async def serving(
    tmp_path: Path, backend: InProcessModels
) -> AsyncIterator[expression_pb2_grpc.ExpressionServiceAsyncStub]:
    """Run the service on loopback."""
    store = ArtifactStore.from_url((tmp_path / "artifacts").as_uri())
    server = Server(
        expression_capability(), ExpressionServicer(), backend=backend, store=store, uri_hosts=(), canary_seconds=30.0
    )
    port = await server.start("127.0.0.1:0")
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        try:
            yield expression_pb2_grpc.ExpressionServiceStub(channel)
        finally:
            await server.drain(0.2)


@pytest.fixture
async def service(
    tmp_path: Path, backend: InProcessModels
) -> AsyncIterator[expression_pb2_grpc.ExpressionServiceAsyncStub]:
    """The service with the installed models."""
    async with serving(tmp_path, backend) as stub:
        yield stub
