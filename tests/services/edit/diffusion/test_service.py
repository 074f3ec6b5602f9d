"""The service set up for a network: what it answers where the checkpoint is missing, and with a tiny one."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import numpy as np
import pytest
import skimage.data
from atelier.v1 import edit_pb2, edit_pb2_grpc, image_pb2
from atelier_edit.capability import edit_capability
from atelier_edit.diffusion.settings import DiffusionSettings
from atelier_edit.servicer import EditServicer
from atelier_rpc.artifacts import ArtifactStore
from atelier_rpc.errors import from_rpc_error
from atelier_rpc.places import home_folder
from atelier_sdk.capability import Limits
from atelier_service.models.in_process import InProcessModels
from atelier_service.server import Server
from google.protobuf import json_format
from PIL import Image

from tests.services.edit.diffusion.conftest import SIDE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from atelier_edit.diffusion.editor import Editor

FLUX = "flux2-klein-4b"
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def portrait() -> image_pb2.Image:
    stream = BytesIO()
    Image.fromarray(np.ascontiguousarray(skimage.data.astronaut()[:320, 80:400])).save(stream, "PNG")
    return image_pb2.Image(content=stream.getvalue())


@asynccontextmanager
async def serving(tmp_path: Path, servicer: EditServicer) -> AsyncIterator[edit_pb2_grpc.EditServiceAsyncStub]:
    home = os.environ.get("ATELIER_HOME")
    folder = home_folder(Path(home) if home else None) / "models"
    if not all((folder / model).is_dir() for model in edit_capability().models):
        pytest.skip(f"no models in {folder}; `atelier models convert` installs them")
    store = ArtifactStore.from_url((tmp_path / "artifacts").as_uri())
    # Nothing is timed here: on a busy machine the first call may import and load for longer than a caller would wait.
    patient = replace(edit_capability(), limits=Limits(default_deadline_seconds=600.0))
    server = Server(patient, servicer, backend=InProcessModels(folder), store=store, uri_hosts=(), canary_seconds=30.0)
    port = await server.start("127.0.0.1:0")
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        try:
            yield edit_pb2_grpc.EditServiceStub(channel)
        finally:
            await server.drain(0.2)


def relit(portrait: image_pb2.Image) -> edit_pb2.RelightRequest:
    return edit_pb2.RelightRequest(image=portrait, relighting=edit_pb2.Relighting(pattern="loop"))


async def test_a_missing_checkpoint_is_an_answer_and_the_rest_goes_on(
    tmp_path: Path, portrait: image_pb2.Image
) -> None:
    servicer = EditServicer(DiffusionSettings(backend=FLUX, home=tmp_path))
    async with serving(tmp_path, servicer) as stub:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.Relight(relit(portrait))
        error = from_rpc_error(caught.value)
        assert (error.status, error.reason) == ("FAILED_PRECONDITION", "MODEL_NOT_INSTALLED")
        assert error.metadata["command"] == "atelier models pull flux2-klein-4b"
        enhanced = await stub.Enhance(edit_pb2.EnhanceRequest(image=portrait, enhancement=edit_pb2.Enhancement()))
        assert enhanced.image.content


async def test_a_checkpoint_relights_and_the_report_names_it(
    tmp_path: Path, portrait: image_pb2.Image, checkpoints: Path, editor: Callable[[str], Editor]
) -> None:
    servicer = EditServicer(DiffusionSettings(backend=FLUX, home=checkpoints, device="cpu", side=SIDE))
    servicer._editor = replace_steps(editor(FLUX))
    async with serving(tmp_path, servicer) as stub:
        answer = await stub.Relight(relit(portrait))
    told = json_format.MessageToDict(answer.report.parameters)
    assert (told["backend"], told["licence"]) == (FLUX, "Apache-2.0")
    assert told["instruction"].startswith("Relight this portrait photograph. Loop lighting")
    assert answer.image.content != portrait.content


def replace_steps(editor: Editor) -> Editor:
    """The same editor with two steps."""
    editor.family = replace(editor.family, steps=2)
    return editor
