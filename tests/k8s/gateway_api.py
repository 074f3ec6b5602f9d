"""As much of the Gateway API's v1 schemas as the manifests use, and nothing besides: an unknown field is an error.

No package carries these schemas for Python. Fields, enumerations and limits after the API's own reference
(Gateway API 1.4, `Gateway` and `GRPCRoute`, https://gateway-api.sigs.k8s.io/reference/spec/).
"""

from __future__ import annotations

from typing import Any, Final

Schema = dict[str, Any]

_NAME: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": 253}
_PORT: Final[Schema] = {"type": "integer", "minimum": 1, "maximum": 65535}
_HOSTNAME: Final[Schema] = {
    "type": "string",
    "maxLength": 253,
    "pattern": r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
}


def _closed(required: tuple[str, ...], **properties: Schema) -> Schema:
    return {"type": "object", "required": list(required), "properties": properties, "additionalProperties": False}


def _some(item: Schema, most: int) -> Schema:
    return {"type": "array", "items": item, "minItems": 1, "maxItems": most}


def _resource(api: str, kind: str, spec: Schema) -> Schema:
    metadata = {"type": "object", "required": ["name"]}
    return _closed(
        ("apiVersion", "kind", "metadata", "spec"),
        apiVersion={"const": api},
        kind={"const": kind},
        metadata=metadata,
        spec=spec,
    )


_METHOD: Final = _closed(
    (),
    type={"enum": ["Exact", "RegularExpression"]},
    service={"type": "string", "minLength": 1, "maxLength": 1024},
    method={"type": "string", "minLength": 1, "maxLength": 1024},
)
_ROUTE: Final = _closed(
    (),
    parentRefs=_some(_closed(("name",), name=_NAME, namespace=_NAME, sectionName=_NAME, port=_PORT), 32),
    hostnames=_some(_HOSTNAME, 16),
    rules=_some(
        _closed(
            (),
            matches=_some(_closed((), method=_METHOD), 64),
            backendRefs=_some(_closed(("name", "port"), name=_NAME, port=_PORT, weight={"type": "integer"}), 16),
        ),
        16,
    ),
)
_TLS: Final = _closed(
    (), mode={"enum": ["Terminate", "Passthrough"]}, certificateRefs=_some(_closed(("name",), name=_NAME), 64)
)
_GATEWAY: Final = _closed(
    ("gatewayClassName", "listeners"),
    gatewayClassName=_NAME,
    listeners=_some(
        _closed(
            ("name", "port", "protocol"),
            name=_NAME,
            port=_PORT,
            protocol={"enum": ["HTTP", "HTTPS", "TLS", "TCP", "UDP"]},
            hostname=_HOSTNAME,
            tls=_TLS,
            allowedRoutes=_closed(
                (), namespaces=_closed((), **{"from": {"enum": ["All", "Selector", "Same", "None"]}})
            ),
        ),
        64,
    ),
)

_API: Final = "gateway.networking.k8s.io/v1"
SCHEMAS: Final[dict[tuple[str, str], Schema]] = {
    (_API, "Gateway"): _resource(_API, "Gateway", _GATEWAY),
    (_API, "GRPCRoute"): _resource(_API, "GRPCRoute", _ROUTE),
}
