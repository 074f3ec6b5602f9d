from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from atelier_rpc.artifacts import Artifact, ArtifactLimits, ArtifactStore, check_tenant
from atelier_sdk.errors import (
    ArtifactExpiredError,
    ArtifactTooLargeError,
    ChecksumMismatchError,
    FieldOutOfRangeError,
    QuotaError,
    StorageFullError,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from obstore.store import LocalStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

MIB = 1024 * 1024


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def store_in(folder: Path, clock: Clock | None = None, **limits: float) -> ArtifactStore:
    return ArtifactStore(LocalStore(folder), ArtifactLimits(**limits), clock or Clock())  # type: ignore[arg-type]


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


async def chunked(*chunks: bytes, then: BaseException | None = None) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
    if then:
        raise then


def identifier(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


async def test_what_is_put_is_read_back_by_its_hash(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    artifact = await store.put("default", b"portrait", media_type="image/png")
    assert artifact.id == identifier(b"portrait")
    assert await store.read("default", artifact.id) == b"portrait"
    assert await store.stat("default", artifact.id) == artifact
    assert (artifact.media_type, artifact.size_bytes) == ("image/png", 8)
    assert artifact.expire_time - artifact.create_time == timedelta(hours=24)


async def test_chunks_are_stored_as_one_file_and_streamed_in_mebibytes(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    content = os.urandom(3 * MIB + 7)
    artifact = await store.put("default", chunked(content[:100], content[100:MIB], content[MIB:]))
    described, chunks = await store.open("default", artifact.id)
    pieces = [piece async for piece in chunks]
    assert (described, b"".join(pieces)) == (artifact, content)
    assert max(map(len, pieces)) <= MIB


async def test_an_empty_file_is_a_file(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    artifact = await store.put("default", chunked())
    assert (artifact.size_bytes, await store.read("default", artifact.id)) == (0, b"")


async def test_an_interrupted_put_leaves_nothing(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    with pytest.raises(ConnectionError):
        await store.put("default", chunked(bytes(12 * MIB), then=ConnectionError()))
    assert files(tmp_path) == []


async def test_a_cancelled_put_leaves_nothing(tmp_path: Path) -> None:
    store, reached = store_in(tmp_path), asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield bytes(MIB)
        reached.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(store.put("default", endless()))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for _ in range(1000):  # The store's own threads remove what they staged.
        if not files(tmp_path):
            break
        await asyncio.sleep(0.02)
    assert files(tmp_path) == []
    assert store._budgets["default"].arriving == 0


async def test_content_that_breaks_its_checksum_is_refused_and_not_kept(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    with pytest.raises(ChecksumMismatchError):
        await store.put("default", b"portrait", sha256="0" * 64)
    assert files(tmp_path) == []


async def test_a_file_above_the_limit_is_refused_while_it_arrives(tmp_path: Path) -> None:
    store = store_in(tmp_path, max_bytes=2 * MIB)

    async def never_ending() -> AsyncIterator[bytes]:
        while True:
            yield bytes(MIB)

    with pytest.raises(ArtifactTooLargeError):
        await store.put("default", never_ending())
    assert files(tmp_path) == []


async def test_the_byte_budget_is_each_tenants_own(tmp_path: Path) -> None:
    store = store_in(tmp_path, tenant_bytes=10)
    await store.put("one", b"12345678")
    with pytest.raises(QuotaError) as refused:
        await store.put("one", b"abc")
    assert refused.value.metadata == {"tenant_bytes": "10", "used_bytes": "8"}
    assert (await store.put("two", b"abc")).size_bytes == 3


async def test_deleting_and_expiry_give_the_budget_back(tmp_path: Path) -> None:
    clock = Clock()
    store = store_in(tmp_path, clock, tenant_bytes=10)
    first = await store.put("one", b"12345678", ttl_seconds=60)
    await store.delete("one", first.id)
    await store.put("one", b"abcdefgh", ttl_seconds=60)
    clock.now += 61
    assert (await store.put("one", b"ABCDEFGH")).size_bytes == 8


async def test_puts_at_once_do_not_exceed_the_budget_together(tmp_path: Path) -> None:
    store = store_in(tmp_path, tenant_bytes=100)
    contents = [bytes([number]) * 40 for number in range(8)]
    results = await asyncio.gather(*(store.put("one", content) for content in contents), return_exceptions=True)
    stored = [result for result in results if isinstance(result, Artifact)]
    assert sum(artifact.size_bytes for artifact in stored) <= 100
    assert all(isinstance(result, (Artifact, QuotaError)) for result in results)


async def test_one_tenants_file_is_not_there_for_another(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    artifact = await store.put("one", b"portrait")
    with pytest.raises(ArtifactExpiredError):
        await store.read("two", artifact.id)


async def test_a_file_past_its_time_is_gone_before_it_is_swept(tmp_path: Path) -> None:
    clock = Clock()
    store = store_in(tmp_path, clock)
    artifact = await store.put("default", b"portrait", ttl_seconds=60)
    clock.now += 60
    with pytest.raises(ArtifactExpiredError):
        await store.stat("default", artifact.id)
    with pytest.raises(ArtifactExpiredError):
        await store.open("default", artifact.id)


async def test_sweeping_removes_what_is_past_its_time_and_nothing_else(tmp_path: Path) -> None:
    clock = Clock()
    store = store_in(tmp_path, clock)
    await store.put("one", b"short", ttl_seconds=60)
    lasting = await store.put("two", b"long", ttl_seconds=120)
    clock.now += 61
    assert await store.sweep() == len(b"short")
    assert await store.read("two", lasting.id) == b"long"
    assert len(files(tmp_path)) == 1


async def test_sweeping_removes_uploads_that_were_abandoned(tmp_path: Path) -> None:
    (tmp_path / "uploads").mkdir()
    for name in ("whole", "half#1", "fresh#1"):
        (tmp_path / "uploads" / name).write_bytes(b"12345")
    clock = Clock()
    for name in ("whole", "half#1"):
        os.utime(tmp_path / "uploads" / name, (clock.now - 7200, clock.now - 7200))
    os.utime(tmp_path / "uploads" / "fresh#1", (clock.now, clock.now))
    assert await store_in(tmp_path, clock).sweep() == 10
    assert files(tmp_path) == ["fresh#1"]


async def test_the_same_content_put_again_lives_longer_and_is_kept_once(tmp_path: Path) -> None:
    clock = Clock()
    store = store_in(tmp_path, clock)
    first = await store.put("default", b"portrait", ttl_seconds=60)
    clock.now += 30
    second = await store.put("default", b"portrait", ttl_seconds=60)
    clock.now += 40
    assert (await store.stat("default", first.id)).expire_time == second.expire_time
    assert len(files(tmp_path)) == 1


async def test_the_same_content_put_for_a_shorter_time_lives_no_shorter(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    first = await store.put("default", b"portrait", ttl_seconds=600)
    assert await store.put("default", b"portrait", ttl_seconds=60) == first
    assert len(files(tmp_path)) == 1


async def test_many_puts_of_the_same_content_at_once_all_succeed(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    content = os.urandom(2 * MIB)
    artifacts = await asyncio.gather(*(store.put("default", content, ttl_seconds=60 + i) for i in range(16)))
    assert {artifact.id for artifact in artifacts} == {identifier(content)}
    assert await store.read("default", identifier(content)) == content
    assert (await store.stat("default", identifier(content))).expire_time == max(a.expire_time for a in artifacts)


async def test_deleting_what_is_not_there_succeeds(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    artifact = await store.put("default", b"portrait")
    await store.delete("default", artifact.id)
    await store.delete("default", artifact.id)
    with pytest.raises(ArtifactExpiredError):
        await store.read("default", artifact.id)


async def test_a_reader_is_not_cut_off_by_a_delete(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    content = os.urandom(8 * MIB)
    artifact = await store.put("default", content)
    _, chunks = await store.open("default", artifact.id)
    first = await anext(chunks)
    await store.delete("default", artifact.id)
    assert first + b"".join([chunk async for chunk in chunks]) == content


@pytest.mark.parametrize("tenant", ["", "..", "a/b", "/etc", "a\\b", "A", ".hidden", "-x", "a" * 64, "ä", "a\n", "a b"])
async def test_a_tenant_whose_name_could_be_a_path_is_refused(tmp_path: Path, tenant: str) -> None:
    store = store_in(tmp_path)
    with pytest.raises(FieldOutOfRangeError) as refused:
        await store.put(tenant, b"portrait")
    assert [violation.field for violation in refused.value.violations] == ["x-atelier-tenant"]
    with pytest.raises(FieldOutOfRangeError):
        await store.read(tenant, identifier(b""))


@pytest.mark.parametrize("artifact_id", ["", "sha256:", "sha256:" + "A" * 64, "0" * 64, "sha256:../../etc/passwd"])
async def test_a_malformed_identifier_is_refused(tmp_path: Path, artifact_id: str) -> None:
    with pytest.raises(FieldOutOfRangeError):
        await store_in(tmp_path).stat("default", artifact_id)


async def test_a_bad_header_is_refused_with_all_its_faults(tmp_path: Path) -> None:
    with pytest.raises(FieldOutOfRangeError) as refused:
        await store_in(tmp_path).put("default", b"", media_type="image png", ttl_seconds=1e9)
    fields = [violation.field for violation in refused.value.violations]
    assert fields == ["header.time_to_live", "header.media_type"]


def test_a_store_opens_by_its_url(tmp_path: Path) -> None:
    store = ArtifactStore.from_url(f"file://{tmp_path}/new/folder")
    artifact = asyncio.run(store.put("default", b"portrait"))
    assert asyncio.run(ArtifactStore.from_url(f"file://{tmp_path}/new/folder").read("default", artifact.id)) == (
        b"portrait"
    )


@settings(max_examples=30, deadline=None)
@given(
    content=st.binary(max_size=5000),
    cuts=st.lists(st.integers(0, 5000), max_size=5),
    media_type=st.from_regex(r"[a-z0-9.+-]{1,30}/[a-z0-9.+-]{1,30}", fullmatch=True),
    ttl=st.floats(1, 600),
)
def test_any_content_comes_back_however_it_was_cut(
    content: bytes, cuts: list[int], media_type: str, ttl: float
) -> None:
    edges = [0, *sorted(min(cut, len(content)) for cut in cuts), len(content)]
    pieces = [content[start:end] for start, end in pairwise(edges)]

    async def round_trip(folder: Path) -> tuple[Artifact, bytes]:
        store = store_in(folder)
        artifact = await store.put("default", chunked(*pieces), media_type=media_type, ttl_seconds=ttl)
        return artifact, await store.read("default", artifact.id)

    with TemporaryDirectory() as folder:
        artifact, returned = asyncio.run(round_trip(Path(folder)))
    assert (artifact.id, artifact.media_type, returned) == (identifier(content), media_type, content)


@given(st.text(max_size=80))
def test_a_tenant_that_is_accepted_is_one_path_segment(name: str) -> None:
    try:
        accepted = check_tenant(name)
    except FieldOutOfRangeError:
        return
    assert Path(accepted).parts == (name,)
    assert accepted not in {".", ".."}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MiB, where this user may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("this user may not mount a small disk")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


async def test_a_disk_without_room_is_named_and_nothing_is_left_behind(small_disk: Path) -> None:
    store = store_in(small_disk)
    with pytest.raises(StorageFullError):
        await store.put("default", b"x" * 3 * MIB)
    assert files(small_disk) == []
    assert (await store.put("default", b"y")).size_bytes == 1
