"""What of a caller's metadata goes on to the service, and who the caller is."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Final, NamedTuple

from atelier_rpc.artifact_names import DEFAULT_TENANT, TENANT_KEY, check_tenant
from atelier_rpc.interceptors import REQUEST_ID_KEY
from atelier_sdk.errors import FieldOutOfRangeError, FieldViolation

if TYPE_CHECKING:
    from collections.abc import Iterable

    Pair = tuple[str, str | bytes]

# Of one connection only (RFC 9110, 7.6.1), or made anew by each gRPC hop, or a credential, which ends at the gateway.
_DROPPED: Final = frozenset(
    {
        "authorization", "connection", "content-type", "cookie", "host", "keep-alive", "proxy-authenticate",
        "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade", "user-agent",
        REQUEST_ID_KEY, TENANT_KEY,
    }
)  # fmt: skip
_KEPT_GRPC: Final = frozenset({"grpc-trace-bin", "grpc-tags-bin"})
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


class Caller(NamedTuple):
    """Who calls, and the metadata that goes on. `named` says whether the request's identifier is the caller's own."""

    request_id: str
    tenant: str
    named: bool
    metadata: tuple[Pair, ...]


def read_headers(pairs: Iterable[Pair]) -> Caller:
    """Read a call's metadata. Raises FieldOutOfRangeError for an unusable tenant or request identifier."""
    request_id, tenant = "", DEFAULT_TENANT
    kept: list[Pair] = []
    for key, value in pairs:
        if key == REQUEST_ID_KEY:
            request_id = _checked_id(str(value))
        elif key == TENANT_KEY:
            tenant = check_tenant(str(value))
        elif key not in _DROPPED and (not key.startswith("grpc-") or key in _KEPT_GRPC):
            kept.append((key, value))
    named = bool(request_id)
    request_id = request_id or str(uuid.uuid4())
    kept += ((REQUEST_ID_KEY, request_id), (TENANT_KEY, tenant))
    return Caller(request_id, tenant, named, tuple(kept))


def _checked_id(text: str) -> str:
    if _REQUEST_ID.fullmatch(text):
        return text
    rule = "must be 1 to 128 letters, digits and . _ : -"
    raise FieldOutOfRangeError(f"{REQUEST_ID_KEY} {rule}.", violations=(FieldViolation(REQUEST_ID_KEY, rule),))
