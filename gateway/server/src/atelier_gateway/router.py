"""From the name of an RPC to whoever serves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
from atelier_rpc.errors import code_of, to_status, trailers
from atelier_sdk.errors import CapabilityUnknownError

from atelier_gateway.forward import handler_for

if TYPE_CHECKING:
    from collections.abc import Iterable

    from atelier_gateway.passage import Context, Route

    Handler = grpc.RpcMethodHandler[bytes, bytes]


class Router(grpc.GenericRpcHandler):
    """Handlers of all methods of all capabilities, by path."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._handlers = {route.path: handler_for(route) for route in routes}

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Handler | None:
        """Return the method's handler; None leaves the call to the gateway's own services."""
        return self._handlers.get(handler_call_details.method)


class Unknown(grpc.GenericRpcHandler):
    """Answer what nobody serves, naming what is served. To be asked last."""

    def __init__(self, known: Iterable[str]) -> None:
        self._known = ", ".join(sorted(known))

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Handler:
        """Return a handler that refuses before it reads."""
        path = handler_call_details.method

        async def refuse(_requests: object, context: Context) -> None:
            error = CapabilityUnknownError(
                f"Nobody serves {path}. Installed capabilities: {self._known or 'none'}.",
                metadata={"method": path, "known": self._known},
            )
            status = to_status(error)
            await context.abort(code_of(error), status.message, trailers(status))

        return grpc.stream_stream_rpc_method_handler(refuse)
