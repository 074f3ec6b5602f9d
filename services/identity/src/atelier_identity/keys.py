"""Encryption at rest: an envelope for every profile.

    master keys (the operator's) ──wrap──> data key (one a profile, random) ──seal──> name, embedding, proportions …

What lies in the database is the wrapped data key and what it sealed. Whoever takes the database without the master keys
has neither; whoever deletes a profile deletes its data key with it. Master keys are Fernet's, the newest first: the
first wraps, all unwrap, so that a new one is put in front and an old one taken away once every data key was wrapped
anew. Data keys seal with AES-256-GCM, bound to the tenant, the profile and the purpose, so that nothing that was sealed
can be put in another's place.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import uuid
from typing import TYPE_CHECKING, Final

from atelier_sdk.errors import ProfileSealedError
from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


class MasterKeys:
    """The operator's keys, which wrap and unwrap the keys of profiles."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Take keys as `Fernet.generate_key` writes them, the newest first. Raises ValueError."""
        if not keys:
            raise ValueError("there is no key")
        self._newest, *_ = every = [_fernet(key) for key in keys]
        self._fernet = MultiFernet(every)

    def wrap(self, key: bytes) -> bytes:
        """Return a data key as it may lie in the database."""
        return self._fernet.encrypt(key)

    def unwrap(self, wrapped: bytes) -> bytes:
        """Return a data key. Raises ProfileSealedError where none of the master keys wrapped it."""
        try:
            return self._fernet.decrypt(wrapped)
        except InvalidToken:
            raise sealed() from None

    def is_newest(self, wrapped: bytes) -> bool:
        """Say whether the newest of the master keys wrapped a data key."""
        try:
            self._newest.decrypt(wrapped)
        except InvalidToken:
            return False
        return True

    def rewrap(self, wrapped: bytes) -> bytes:
        """Return a data key wrapped with the newest master key. Raises ProfileSealedError."""
        try:
            return self._fernet.rotate(wrapped)
        except InvalidToken:
            raise sealed() from None


def seal(key: bytes, content: bytes, purpose: str) -> bytes:
    """Encrypt content with a data key; it can be opened for the same purpose only."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, content, purpose.encode())


def unseal(key: bytes, content: bytes, purpose: str) -> bytes:
    """Decrypt what `seal` made. Raises ProfileSealedError where key, purpose or a byte is another."""
    try:
        return AESGCM(key).decrypt(content[:_NONCE_BYTES], content[_NONCE_BYTES:], purpose.encode())
    except InvalidTag:
        raise sealed() from None


def blind(key: bytes, *words: str) -> bytes:
    """Return 32 bytes by which equal words are found and from which none can be read: HMAC-SHA-256."""
    joined = b"".join(len(word.encode()).to_bytes(4, "big") + word.encode() for word in words)
    return hmac.digest(key, joined, hashlib.sha256)


def blind_uuid(key: bytes, *words: str) -> uuid.UUID:
    """Return a UUID that is the same for the same words and looks like a random one without the key."""
    return uuid.UUID(bytes=blind(key, *words)[:16], version=4)


def sealed() -> ProfileSealedError:
    """Say that something cannot be decrypted."""
    return ProfileSealedError(
        "The profile cannot be decrypted with the keys that the service was given; the operator has to add the key it "
        "was encrypted with.",
        metadata={"setting": "ATELIER_IDENTITY_KEYS"},
    )


def read_or_make(file: Path) -> tuple[str, ...]:
    """Read a file of keys, one a line, the newest first; where there is none, make one with a new key.

    The file is for its owner's eyes only. Of several processes that make it at once, one wins, and all read its key.
    Raises OSError.
    """
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = file.with_name(f"{file.name}.{uuid.uuid4()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(Fernet.generate_key() + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(draft, file)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return tuple(line.strip() for line in file.read_text("ascii").splitlines() if line.strip())


def _fernet(key: str) -> Fernet:
    try:
        return Fernet(key)
    except ValueError:
        raise ValueError("a key is 32 random bytes in URL-safe base64, 44 characters") from None
