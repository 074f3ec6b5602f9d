"""Names of stored files: all that is known of one stands in its name.

artifacts/<tenant>/<first two digits>/<64 digits>-<expiry>-<creation>-<media type>      (times in milliseconds)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from atelier_sdk.errors import FieldOutOfRangeError, FieldViolation

TENANT_KEY: Final = "x-atelier-tenant"
DEFAULT_TENANT: Final = "default"
_TENANT = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_ID = re.compile(r"sha256:([0-9a-f]{64})")
_MEDIA_TYPE = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+")
_NAME = re.compile(r"([0-9a-f]{64})-(\d{15})-(\d{15})-(.+)")


@dataclass(frozen=True, slots=True)
class Artifact:
    """What is known of a stored file. `id` is `sha256:` and 64 lower-case hexadecimal digits of the content."""

    id: str
    media_type: str
    size_bytes: int
    create_time: datetime
    expire_time: datetime


def check_tenant(name: str) -> str:
    """Return the name of a tenant, or refuse one that is no short lower-case word.

    Raises FieldOutOfRangeError: a tenant's name becomes part of a path and of log lines.
    """
    if _TENANT.fullmatch(name):
        return name
    rule = "must be 1 to 63 lower-case letters, digits, '-' and '_', and begin with a letter or digit"
    raise FieldOutOfRangeError(f"{TENANT_KEY} {rule}.", violations=(FieldViolation(TENANT_KEY, rule),))


def check_id(artifact_id: str) -> str:
    """Return the 64 digits of an identifier. Raises FieldOutOfRangeError."""
    match = _ID.fullmatch(artifact_id)
    if match:
        return match[1]
    rule = "must be sha256: and 64 lower-case hexadecimal digits"
    raise FieldOutOfRangeError(f"id {rule}.", violations=(FieldViolation("id", rule),))


def is_media_type(text: str) -> bool:
    """Tell whether a text is a media type of at most 127 characters."""
    return len(text) <= 127 and _MEDIA_TYPE.fullmatch(text) is not None


def folder(tenant: str, digest: str) -> str:
    """Return where the files of a tenant lie whose digests begin alike."""
    return f"artifacts/{tenant}/{digest[:2]}"


def format_name(tenant: str, digest: str, expire: float, create: float, media_type: str) -> str:
    """Return the path of a file; times in seconds since 1970."""
    # A media type has exactly one slash and no underscore.
    times = f"{round(expire * 1000):015d}-{round(create * 1000):015d}"
    return f"{folder(tenant, digest)}/{digest}-{times}-{media_type.replace('/', '_')}"


def parse_name(path: str, size: int) -> Artifact | None:
    """Read what a path says; None for a foreign file."""
    match = _NAME.fullmatch(path.rpartition("/")[2])
    if not match:
        return None
    digest, expire, create, media_type = match.groups()
    return Artifact(
        id=f"sha256:{digest}",
        media_type=media_type.replace("_", "/"),
        size_bytes=size,
        create_time=datetime.fromtimestamp(int(create) / 1000, UTC),
        expire_time=datetime.fromtimestamp(int(expire) / 1000, UTC),
    )
