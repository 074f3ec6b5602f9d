"""Pictures in and out of a call through the running toy: inline, artifact, address."""

from __future__ import annotations

import time
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from atelier.v1 import image_pb2, style_pb2
from atelier_imaging.encode import Encoded
from atelier_imaging.formats import ImageFormat
from atelier_imaging.picture import ImageInfo
from atelier_rpc.artifacts import ArtifactStore
from atelier_sdk.errors import ArtifactExpiredError, UriNotAllowedError
from atelier_service.bridge import Bridge
from atelier_service.cancellation import Cancellation
from atelier_service.fetching import Fetcher
from atelier_service.pictures import MAX_INLINE_BYTES, Pictures

from tests.services.kit.toys import PIXEL, Toy, refusal, running

if TYPE_CHECKING:
    from pathlib import Path


async def test_an_artifact_of_the_tenant_is_read_from_the_store(tmp_path: Path) -> None:
    async with running(Toy(), tmp_path) as at:
        stored = await at.store.put("acme", PIXEL, media_type="image/png")
        by_reference = style_pb2.GradeRequest(image=image_pb2.Image(artifact=stored.id), grade=style_pb2.Grade())
        answer = await at.style.Grade(by_reference, metadata=(("x-atelier-tenant", "acme"),))
        error = await refusal(at.style.Grade(by_reference))
    assert (answer.image.content, type(error)) == (PIXEL, ArtifactExpiredError)


async def test_an_address_that_is_not_allowed_is_refused(tmp_path: Path) -> None:
    elsewhere = style_pb2.GradeRequest(image=image_pb2.Image(uri="https://x.example/a.jpg"), grade=style_pb2.Grade())
    async with running(Toy(), tmp_path) as at:
        error = await refusal(at.style.Grade(elsewhere))
    assert (type(error), error.metadata["host"]) == (UriNotAllowedError, "x.example")


def encoded(size_bytes: int) -> Encoded:
    data = bytes(size_bytes)
    info = ImageInfo(1, 1, ImageFormat.PNG, 8, "sRGB", False, size_bytes, sha256(data).hexdigest())
    return Encoded(data, info)


@pytest.mark.parametrize(
    ("size_bytes", "as_artifact", "kind"),
    [(10, False, "content"), (10, True, "artifact"), (MAX_INLINE_BYTES, False, "content"),
     (MAX_INLINE_BYTES + 1, False, "artifact")],
)  # fmt: skip
async def test_a_result_is_inline_up_to_four_mebibytes(
    tmp_path: Path, size_bytes: int, as_artifact: bool, kind: str
) -> None:
    import asyncio

    store = ArtifactStore.from_url(tmp_path.as_uri())
    pictures = Pictures(store, Fetcher((), max_bytes=1), Bridge(asyncio.get_running_loop()))
    options = image_pb2.OutputOptions(as_artifact=as_artifact)
    within = {"tenant": "acme", "cancellation": Cancellation(), "deadline": time.monotonic() + 10}
    result = encoded(size_bytes)
    image = await asyncio.to_thread(lambda: pictures.store(result, options, **within))  # type: ignore[arg-type]
    assert image.WhichOneof("source") == kind
    if kind == "artifact":
        assert image.artifact == f"sha256:{result.info.sha256}"
        assert (await store.stat("acme", image.artifact)).media_type == "image/png"
