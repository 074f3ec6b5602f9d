"""Files kept by the SHA-256 of their content, apart for every tenant, for a limited time and within a byte budget.

One file is one object whose *name* holds all that is known of it (see `artifact_names`), so that a file and its
description can never disagree and every change is one atomic step of the store. A file arrives as `uploads/<random>`
and is renamed when it is complete. A file that is stored again gets a new name with the later expiry, and then the
names with earlier ones are removed; of writers that race, the latest expiry wins and no one removes it.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from atelier_sdk.capability import MIB
from atelier_sdk.errors import (
    ArtifactExpiredError,
    ArtifactTooLargeError,
    ChecksumMismatchError,
    FieldOutOfRangeError,
    FieldViolation,
    QuotaError,
    StorageFullError,
)
from obstore.exceptions import GenericError
from obstore.store import LocalStore, from_url

from atelier_rpc.artifact_names import (
    DEFAULT_TENANT,
    TENANT_KEY,
    Artifact,
    check_id,
    check_tenant,
    folder,
    format_name,
    is_media_type,
    parse_name,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable

    from obstore.store import ObjectStore

__all__ = ["DEFAULT_TENANT", "TENANT_KEY", "Artifact", "ArtifactLimits", "ArtifactStore", "check_tenant", "open_store"]

CHUNK_BYTES: Final = MIB
DEFAULT_MEDIA_TYPE: Final = "application/octet-stream"
_RECOUNT_SECONDS: Final = 10.0
_ABANDONED_SECONDS: Final = 3600.0
_NO_SPACE: Final = "(os error 28)"  # ENOSPC, as the store's own error spells it


@dataclass(frozen=True, slots=True)
class ArtifactLimits:
    """How much is kept and how long: sizes in bytes, times in seconds, `tenant_bytes` for all files of one tenant."""

    max_bytes: int = 256 * MIB
    tenant_bytes: int = 4096 * MIB
    default_ttl_seconds: float = 24 * 3600.0
    max_ttl_seconds: float = 7 * 24 * 3600.0


@dataclass(frozen=True, slots=True)
class _Entry:
    path: str
    artifact: Artifact


def open_store(url: str) -> ObjectStore:
    """Open `file:///folder` (made if absent), `s3://…`, `gs://…`, `az://…` or `memory:///`."""
    return LocalStore.from_url(url, mkdir=True) if url.startswith("file:") else from_url(url)


class ArtifactStore:
    """Store, describe, read and delete files of tenants in a folder or in an object store.

    All methods raise FieldOutOfRangeError for names that are not well-formed. Several processes may share one store;
    the byte budget is then held within what they write in ten seconds.
    """

    def __init__(
        self, store: ObjectStore, limits: ArtifactLimits | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self.limits = limits or ArtifactLimits()
        self._store = store
        self._clock = clock
        self._budgets: dict[str, _Budget] = {}

    @classmethod
    def from_url(cls, url: str, limits: ArtifactLimits | None = None) -> Self:
        """Open the store at `file:///folder` (made if absent), `s3://…`, `gs://…`, `az://…` or `memory:///`."""
        return cls(open_store(url), limits)

    async def put(
        self,
        tenant: str,
        content: bytes | AsyncIterable[bytes],
        *,
        media_type: str = DEFAULT_MEDIA_TYPE,
        ttl_seconds: float | None = None,
        sha256: str | None = None,
    ) -> Artifact:
        """Store a file and return its description; one that is there already lives on at least as long as asked.

        Raises ArtifactTooLargeError, ChecksumMismatchError when the content is not that of `sha256` (64 hexadecimal
        digits), QuotaError, StorageFullError. A put that fails or is cancelled leaves nothing behind.
        """
        check_tenant(tenant)
        ttl = self._lifetime(media_type, ttl_seconds)
        upload = f"uploads/{uuid.uuid4().hex}"
        arrival = _Arrival()
        budget = self._budgets.setdefault(tenant, _Budget())
        chunks = self._admitted(tenant, _once(content) if isinstance(content, bytes) else content, arrival)
        try:
            await self._store.put_async(upload, chunks, use_multipart=True, max_concurrency=2)
            digest = arrival.checked_digest(sha256)
            return await self._commit(tenant, upload, digest, arrival.size, media_type, ttl)
        except BaseException as error:
            await asyncio.shield(self._remove(upload))
            if isinstance(error, GenericError) and _NO_SPACE in str(error):
                raise StorageFullError("The store of artifacts has no room left.") from error
            raise
        finally:
            budget.arriving -= arrival.size

    async def open(self, tenant: str, artifact_id: str) -> tuple[Artifact, AsyncIterator[bytes]]:
        """Return a file's description and its content in chunks of 1 MiB. Raises ArtifactExpiredError."""
        for _ in range(2):  # A file that is stored again meanwhile has moved to another name.
            entry = await self._find(tenant, artifact_id)
            with suppress(FileNotFoundError):
                found = await self._store.get_async(entry.path)
                return entry.artifact, _chunks(found.stream(min_chunk_size=CHUNK_BYTES))
        raise _expired(artifact_id)

    async def read(self, tenant: str, artifact_id: str) -> bytes:
        """Return the whole content of a file. Raises ArtifactExpiredError."""
        _, chunks = await self.open(tenant, artifact_id)
        return b"".join([chunk async for chunk in chunks])

    async def stat(self, tenant: str, artifact_id: str) -> Artifact:
        """Describe a file. Raises ArtifactExpiredError when there is none."""
        return (await self._find(tenant, artifact_id)).artifact

    async def delete(self, tenant: str, artifact_id: str) -> None:
        """Delete a file; one that is not there is none to delete."""
        for entry in await self._entries(tenant, artifact_id):
            await self._drop(tenant, entry)

    async def sweep(self) -> int:
        """Remove what is past its time, and uploads that were abandoned an hour ago; return how many bytes went."""
        now, freed = self._clock(), 0
        async for entry in self._all("artifacts"):
            if entry.artifact.expire_time.timestamp() <= now:
                await self._drop(entry.path.split("/")[1], entry)
                freed += entry.artifact.size_bytes
        async for found in self._store.list("uploads"):
            for item in found:
                if item["last_modified"].timestamp() < now - _ABANDONED_SECONDS:
                    await self._remove(item["path"])
                    freed += item["size"]
        return freed + await asyncio.to_thread(self._sweep_staged, now - _ABANDONED_SECONDS)

    def _sweep_staged(self, before: float) -> int:
        """Remove what killed processes left half written in a local folder; a listing of the store leaves it out."""
        prefix = getattr(self._store, "prefix", None) if isinstance(self._store, LocalStore) else None
        freed = 0
        for path in Path(prefix, "uploads").glob("*#*") if prefix else ():
            with suppress(FileNotFoundError):
                size, modified = path.stat().st_size, path.stat().st_mtime
                if modified < before:
                    path.unlink()
                    freed += size
        return freed

    def _lifetime(self, media_type: str, ttl_seconds: float | None) -> float:
        ttl = self.limits.default_ttl_seconds if ttl_seconds is None else ttl_seconds
        violations = []
        if not 1.0 <= ttl <= self.limits.max_ttl_seconds:
            rule = f"must be 1 to {self.limits.max_ttl_seconds:.0f} seconds"
            violations.append(FieldViolation("header.time_to_live", rule))
        if not is_media_type(media_type):
            violations.append(FieldViolation("header.media_type", "must be a media type such as image/png"))
        if violations:
            raise FieldOutOfRangeError("The file's header breaks its contract.", violations=tuple(violations))
        return ttl

    async def _admitted(self, tenant: str, content: AsyncIterable[bytes], arrival: _Arrival) -> AsyncIterator[bytes]:
        async for chunk in content:
            arrival.size += len(chunk)
            self._budgets[tenant].arriving += len(chunk)
            if arrival.size > self.limits.max_bytes:
                raise ArtifactTooLargeError(
                    f"The file is larger than {self.limits.max_bytes} bytes.",
                    metadata={"max_bytes": str(self.limits.max_bytes)},
                )
            await self._hold_budget(tenant)
            # Hashing a chunk takes about a millisecond, in which the event loop serves others.
            await asyncio.to_thread(arrival.digest.update, chunk)
            yield chunk

    async def _hold_budget(self, tenant: str) -> None:
        budget, limit = self._budgets[tenant], self.limits.tenant_bytes
        if time.monotonic() - budget.counted_at >= _RECOUNT_SECONDS:
            await self._count(tenant)
        if budget.used + budget.arriving > limit:
            await self._count(tenant)  # What expired meanwhile makes room.
        if budget.used + budget.arriving > limit:
            raise QuotaError(
                f"The tenant's files would exceed {limit} bytes.",
                metadata={"tenant_bytes": str(limit), "used_bytes": str(budget.used)},
            )

    async def _count(self, tenant: str) -> None:
        now, used = self._clock(), 0
        async for entry in self._all(f"artifacts/{tenant}"):
            if entry.artifact.expire_time.timestamp() <= now:
                await self._remove(entry.path)
            else:
                used += entry.artifact.size_bytes
        self._budgets[tenant].used, self._budgets[tenant].counted_at = used, time.monotonic()

    async def _commit(self, tenant: str, upload: str, digest: str, size: int, media_type: str, ttl: float) -> Artifact:
        now = self._clock()
        path = format_name(tenant, digest, now + ttl, now, media_type)
        present = await self._entries(tenant, f"sha256:{digest}")
        if present and present[-1].artifact.expire_time.timestamp() >= now + ttl:
            await self._remove(upload)
            return present[-1].artifact
        await self._store.rename_async(upload, path)
        self._budgets[tenant].used += size
        for entry in present:
            await self._drop(tenant, entry)
        artifact = parse_name(path, size)
        assert artifact is not None, path  # noqa: S101  the name was formatted two lines above
        return artifact

    async def _find(self, tenant: str, artifact_id: str) -> _Entry:
        entries = await self._entries(tenant, artifact_id)
        if not entries or entries[-1].artifact.expire_time.timestamp() <= self._clock():
            raise _expired(artifact_id)
        return entries[-1]

    async def _entries(self, tenant: str, artifact_id: str) -> list[_Entry]:
        """List what is stored under one identifier, the longest-lived last."""
        digest = check_id(artifact_id)
        entries = self._all(folder(check_tenant(tenant), digest))
        return sorted([entry async for entry in entries if entry.artifact.id == artifact_id], key=lambda e: e.path)

    async def _all(self, prefix: str) -> AsyncIterator[_Entry]:
        async for found in self._store.list(prefix):
            for item in found:
                artifact = parse_name(item["path"], item["size"])
                if artifact is not None:
                    yield _Entry(item["path"], artifact)

    async def _drop(self, tenant: str, entry: _Entry) -> None:
        await self._remove(entry.path)
        if tenant in self._budgets:
            self._budgets[tenant].used -= entry.artifact.size_bytes

    async def _remove(self, path: str) -> None:
        with suppress(FileNotFoundError):
            await self._store.delete_async(path)


@dataclass(slots=True)
class _Budget:
    """Bytes of one tenant: stored when last counted, and on their way in."""

    used: int = 0
    arriving: int = 0
    counted_at: float = -_RECOUNT_SECONDS


class _Arrival:
    """What has come in of a file so far."""

    __slots__ = ("digest", "size")

    def __init__(self) -> None:
        self.digest = hashlib.sha256()
        self.size = 0

    def checked_digest(self, expected: str | None) -> str:
        digest = self.digest.hexdigest()
        if expected and digest != expected:
            raise ChecksumMismatchError(
                f"The content has the SHA-256 {digest}, not {expected}.",
                metadata={"expected": expected, "actual": digest},
            )
        return digest


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def _chunks(stream: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    async for piece in stream:
        for start in range(0, len(piece), CHUNK_BYTES):
            yield bytes(piece[start : start + CHUNK_BYTES])


def _expired(artifact_id: str) -> ArtifactExpiredError:
    return ArtifactExpiredError(
        "There is no such artifact: it was never stored, was deleted, or is past its time.",
        metadata={"id": artifact_id},
    )
