"""Models of a release in an object store, and folders that are filled from it.

    <store>/manifests/<SHA-256>.json    the files of one release: path, SHA-256 and size of each
    <store>/files/<SHA-256>             each file once, by its content
    <store>/latest                      the SHA-256 of the manifest that was published last

Whatever is there already with the right content stays; whatever comes with another content is refused; a file has its
name only when it is whole, so that a copy that was cut off goes on where it was, and two at once do no harm.
"""

from __future__ import annotations

import errno
import hashlib
import json
import uuid
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from atelier_sdk.capability import MIB
from atelier_sdk.errors import ChecksumMismatchError, RegistryUnreachableError, StorageFullError
from obstore.exceptions import BaseError

from atelier_rpc.logs import Log

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from obstore.store import ObjectStore

log = Log(__name__)

_LATEST: Final = "latest"
_NO_ROOM: Final = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES}


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a release: its path below the home folder, the SHA-256 of its content, its size in bytes."""

    path: str
    sha256: str
    size: int


def _manifest_path(sha256: str) -> str:
    """Return where the manifest of a release lies in a store."""
    return f"manifests/{sha256}.json"


def _file_path(sha256: str) -> str:
    """Return where a file lies in a store."""
    return f"files/{sha256}"


def _format_manifest(entries: list[Entry]) -> bytes:
    """Write a manifest; the same files give the same bytes."""
    files = [{"path": each.path, "sha256": each.sha256, "size": each.size} for each in entries]
    return json.dumps({"files": sorted(files, key=lambda each: str(each["path"]))}, indent=1).encode()


def _parse_manifest(content: bytes, sha256: str) -> tuple[Entry, ...]:
    """Read a manifest. Raises ChecksumMismatchError when it is another one, or names a path outside the folder."""
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ChecksumMismatchError(f"The manifest of {sha256} has another content.")
    entries = tuple(Entry(**each) for each in json.loads(content)["files"])
    for entry in entries:
        path = PurePosixPath(entry.path)
        if path.is_absolute() or ".." in path.parts:
            raise ChecksumMismatchError(f"The manifest of {sha256} names {entry.path}, which lies outside.")
    return entries


def fill(home: Path, store: ObjectStore, sha256: str = "") -> tuple[Entry, ...]:
    """Bring a folder to the state of a release, by default the last one, and return its files.

    Raises RegistryUnreachableError when the store does not answer or lacks something, ChecksumMismatchError,
    StorageFullError when the folder has no room or cannot be written to.
    """
    wanted = sha256 or _get(store, _LATEST).decode("ascii").strip()
    entries = _parse_manifest(_get(store, _manifest_path(wanted)), wanted)
    missing = [entry for entry in entries if not _is_there(home, entry)]
    log.info("models", release=wanted, files=len(entries), missing=len(missing))
    for entry in missing:
        try:
            _bring(home, store, entry)
        except OSError as error:
            if error.errno in _NO_ROOM:
                raise StorageFullError(f"{entry.path} cannot be written: {error.strerror}.") from error
            raise
    return entries


def publish(files: Mapping[str, Path], store: ObjectStore) -> str:
    """Put files, by the paths that they are to have below a home folder, into a store as one release.

    Return the SHA-256 of the release. Files that are there already are not sent again. The manifest comes last: what
    it names is there.
    """
    entries = []
    for path, source in files.items():
        with source.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        entries.append(Entry(path, sha256, source.stat().st_size))
        if not _has(store, _file_path(sha256)):
            store.put(_file_path(sha256), source)
    manifest = _format_manifest(entries)
    release = hashlib.sha256(manifest).hexdigest()
    store.put(_manifest_path(release), manifest)
    store.put(_LATEST, release.encode("ascii"))
    return release


def _has(store: ObjectStore, path: str) -> bool:
    try:
        store.head(path)
    except FileNotFoundError:
        return False
    return True


def _is_there(home: Path, entry: Entry) -> bool:
    place = home / entry.path
    if not place.is_file() or place.stat().st_size != entry.size:
        return False
    with place.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == entry.sha256


def _bring(home: Path, store: ObjectStore, entry: Entry) -> None:
    place = home / entry.path
    place.parent.mkdir(parents=True, exist_ok=True)
    partial = place.with_name(f".{place.name}.{uuid.uuid4().hex}")
    digest = hashlib.sha256()
    try:
        with partial.open("wb") as file:
            for chunk in _chunks(store, _file_path(entry.sha256)):
                digest.update(chunk)
                file.write(chunk)
        if digest.hexdigest() != entry.sha256:
            raise ChecksumMismatchError(f"{entry.path} has another content than the release names.")
        partial.replace(place)
    finally:
        partial.unlink(missing_ok=True)


def _get(store: ObjectStore, path: str) -> bytes:
    return b"".join(_chunks(store, path))


def _chunks(store: ObjectStore, path: str) -> Iterator[bytes]:
    try:
        for chunk in store.get(path).stream(min_chunk_size=MIB):
            yield bytes(chunk)
    except (BaseError, FileNotFoundError) as error:
        raise RegistryUnreachableError(f"The store of models does not give {path}: {type(error).__name__}.") from error
