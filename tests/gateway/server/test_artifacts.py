from __future__ import annotations

import asyncio
import hashlib
import os
from typing import TYPE_CHECKING

import grpc
import pytest
from atelier.v1 import artifact_pb2, artifact_pb2_grpc
from atelier_rpc.errors import from_rpc_error
from atelier_sdk.errors import (
    ArtifactExpiredError,
    ArtifactTooLargeError,
    AtelierError,
    ChecksumMismatchError,
    FieldOutOfRangeError,
    MessageMalformedError,
    QuotaError,
)
from google.protobuf.duration_pb2 import Duration

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable
    from pathlib import Path

    from tests.gateway.server.conftest import House, OpenHouse

MIB = 1024 * 1024


def stub(house: House) -> artifact_pb2_grpc.ArtifactServiceAsyncStub:
    return artifact_pb2_grpc.ArtifactServiceStub(house.channel)


async def requests(
    content: bytes, header: artifact_pb2.PutHeader | None = None, size: int = MIB
) -> AsyncIterator[artifact_pb2.PutRequest]:
    if header is not None:
        yield artifact_pb2.PutRequest(header=header)
    for start in range(0, len(content), size):
        yield artifact_pb2.PutRequest(chunk=content[start : start + size])


async def refusal(call: Awaitable[object]) -> AtelierError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return from_rpc_error(caught.value)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_a_file_goes_in_is_described_comes_out_and_is_deleted(open_house: OpenHouse) -> None:
    house = await open_house()
    content = os.urandom(3 * MIB + 5)
    header = artifact_pb2.PutHeader(media_type="image/png", time_to_live=Duration(seconds=60))
    put = (await stub(house).Put(requests(content, header))).artifact
    assert put.id == "sha256:" + hashlib.sha256(content).hexdigest()
    assert (put.media_type, put.size_bytes) == ("image/png", len(content))
    assert put.expire_time.seconds - put.create_time.seconds == 60
    assert (await stub(house).Stat(artifact_pb2.StatRequest(id=put.id))).artifact == put
    parts = [part async for part in stub(house).Get(artifact_pb2.GetRequest(id=put.id))]
    assert [part.HasField("artifact") for part in parts] == [True, False, False, False]
    assert parts[0].artifact == put
    assert b"".join(part.chunk for part in parts) == content
    await stub(house).Delete(artifact_pb2.DeleteRequest(id=put.id))
    await stub(house).Delete(artifact_pb2.DeleteRequest(id=put.id))
    gone = await refusal(stub(house).Stat(artifact_pb2.StatRequest(id=put.id)))
    assert type(gone) is ArtifactExpiredError


async def test_a_file_may_come_with_its_header_in_one_message_and_may_be_empty(open_house: OpenHouse) -> None:
    house = await open_house()
    for content in (b"", b"x"):

        async def whole(content: bytes = content) -> AsyncIterator[artifact_pb2.PutRequest]:
            yield artifact_pb2.PutRequest(header=artifact_pb2.PutHeader(media_type="text/plain"), chunk=content)

        put = (await stub(house).Put(whole())).artifact
        parts = [part async for part in stub(house).Get(artifact_pb2.GetRequest(id=put.id))]
        assert [(part.artifact.media_type, part.chunk) for part in parts] == [("text/plain", content)]


async def test_another_tenants_file_is_not_there(open_house: OpenHouse) -> None:
    house = await open_house()
    put = (await stub(house).Put(requests(b"x"), metadata=(("x-atelier-tenant", "one"),))).artifact
    request = artifact_pb2.StatRequest(id=put.id)
    assert (await stub(house).Stat(request, metadata=(("x-atelier-tenant", "one"),))).artifact == put
    for metadata in ((), (("x-atelier-tenant", "two"),)):
        assert type(await refusal(stub(house).Stat(request, metadata=metadata))) is ArtifactExpiredError


async def test_a_tenant_that_could_be_a_path_is_refused(open_house: OpenHouse) -> None:
    house = await open_house()
    told = await refusal(stub(house).Put(requests(b"x"), metadata=(("x-atelier-tenant", "../../etc"),)))
    assert type(told) is FieldOutOfRangeError
    assert [violation.field for violation in told.violations] == ["x-atelier-tenant"]


async def test_a_put_that_breaks_a_limit_is_refused_and_leaves_nothing(open_house: OpenHouse, tmp_path: Path) -> None:
    house = await open_house(ATELIER_ARTIFACT_BYTES=str(MIB), ATELIER_ARTIFACT_TENANT_BYTES=str(3 * MIB // 2))
    too_large = await refusal(stub(house).Put(requests(bytes(2 * MIB))))
    wrong = await refusal(stub(house).Put(requests(b"x", artifact_pb2.PutHeader(sha256="0" * 64))))
    assert (type(too_large), type(wrong)) == (ArtifactTooLargeError, ChecksumMismatchError)
    assert files(tmp_path) == []
    await stub(house).Put(requests(bytes(MIB)))
    over = await refusal(stub(house).Put(requests(os.urandom(MIB))))
    assert type(over) is QuotaError
    assert len(files(tmp_path)) == 1


async def test_a_put_without_a_message_or_with_a_bad_header_is_refused(open_house: OpenHouse) -> None:
    house = await open_house()
    assert type(await refusal(stub(house).Put(requests(b"")))) is MessageMalformedError
    bad = artifact_pb2.PutHeader(media_type="not a type", sha256="short")
    told = await refusal(stub(house).Put(requests(b"x", bad)))
    assert {violation.field for violation in told.violations} == {"header.media_type", "header.sha256"}

    async def twice() -> AsyncIterator[artifact_pb2.PutRequest]:
        for _ in range(2):
            yield artifact_pb2.PutRequest(header=artifact_pb2.PutHeader(media_type="a/b"), chunk=b"x")

    assert [violation.field for violation in (await refusal(stub(house).Put(twice()))).violations] == ["header"]


async def test_a_put_that_its_caller_cancels_leaves_nothing(open_house: OpenHouse, tmp_path: Path) -> None:
    """GRPC reports a cancelled and a finished request stream to us in the same way."""
    house = await open_house()
    for number in range(40):
        call = stub(house).Put()
        await call.write(artifact_pb2.PutRequest(chunk=bytes([number]) * 1000))
        if number % 2:
            await asyncio.sleep(0.01)
        call.cancel()
    await house.settled(lambda: house.gateway.gate.calls == 0)
    assert files(tmp_path) == []


async def test_many_put_the_same_file_at_once(open_house: OpenHouse) -> None:
    house = await open_house()
    content = os.urandom(2 * MIB)
    answers = await asyncio.gather(*(stub(house).Put(requests(content)) for _ in range(8)))
    assert {answer.artifact.id for answer in answers} == {"sha256:" + hashlib.sha256(content).hexdigest()}
