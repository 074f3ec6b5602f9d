"""One call on its way through: who, where to, by when, and what became of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple

from atelier_rpc.errors import code_of, to_status, trailers
from atelier_rpc.interceptors import REQUEST_ID_KEY
from atelier_rpc.logs import Log, request_id
from atelier_sdk.calls import CallInfo
from atelier_sdk.errors import (
    BackendDownError,
    DeadlineTooShortError,
    MessageTooLargeError,
)

from atelier_gateway.headers import Caller, read_headers

if TYPE_CHECKING:
    import grpc
    from atelier_sdk.capability import Capability
    from atelier_sdk.errors import AtelierError

    from atelier_gateway.admission import Gate, Lane
    from atelier_gateway.breaker import Breaker
    from atelier_gateway.descriptors import Kind
    from atelier_gateway.endpoints import Backends, Endpoint
    from atelier_gateway.metrics import Metrics
    from atelier_gateway.policy import Policies
    from atelier_gateway.wire import Answers

    Context = grpc.aio.ServicerContext[bytes, bytes]
    Pair = tuple[str, str | bytes]

# Kept back from the caller's deadline, so that our answer with its reason arrives before the caller gives up.
MARGIN_SECONDS: Final = 0.02
MARGIN_SHARE: Final = 0.1
# Nothing is answered in less, over two hops; such a call is refused before it costs anybody anything.
SHORTEST_SECONDS: Final = 0.001

log = Log(__name__)


class Route(NamedTuple):
    """One method of one capability, and all that its calls share."""

    capability: Capability
    path: str
    kind: Kind
    backends: Backends
    lane: Lane
    gate: Gate
    metrics: Metrics
    breaker: Breaker
    policies: Policies
    answers: Answers
    plugin: str  # by name and version, for the operator

    @property
    def method(self) -> str:
        """The method's short name."""
        return self.path.rpartition("/")[2]


class Passage:
    """What is known of one call. Made when it starts; `finish` runs after its last byte has left."""

    __slots__ = (
        "admitted", "answered", "attempts", "caller", "code", "context", "deadline", "endpoint", "headed", "held",
        "reason", "received", "route", "sent", "started",
    )  # fmt: skip

    def __init__(self, route: Route, context: Context) -> None:
        self.route = route
        self.context = context
        self.started = time.monotonic()
        self.caller = Caller("", "", named=False, metadata=())
        self.deadline = self.started
        self.endpoint: Endpoint | None = None
        self.attempts = 0
        self.admitted = self.answered = False
        self.headed = False
        self.held = self.received = self.sent = 0
        self.code, self.reason = "CANCELLED", ""
        context.add_done_callback(self.finish)  # type: ignore[arg-type]  # the stubs' protocol names its parameter

    def open(self) -> None:
        """Read who calls and until when, and take a place. Raises what the caller is refused with."""
        self.caller = read_headers(self.context.invocation_metadata() or ())
        request_id.set(self.caller.request_id)
        limits = self.route.capability.limits
        remaining: float | None = self.context.time_remaining()  # The stubs know no call without a deadline.
        asked = limits.default_deadline_seconds if remaining is None else remaining
        allowed = min(asked, limits.max_deadline_seconds)
        self.deadline = self.started + allowed - min(MARGIN_SECONDS, MARGIN_SHARE * allowed)
        if allowed < SHORTEST_SECONDS:
            raise DeadlineTooShortError("The deadline had passed when the call came in.")
        self.route.breaker.enter()
        self.route.gate.enter(self.route.lane, self.caller.tenant)
        self.admitted = True

    async def admit(self) -> None:
        """Ask the plugins' policies. Raises what the caller is refused with."""
        await self.route.policies.admit(self._info)

    def seconds_left(self) -> float:
        """Return what is left for the service. Raises DeadlineTooShortError when nothing is."""
        left = self.deadline - time.monotonic()
        if left <= 0.0:
            raise DeadlineTooShortError("The deadline passed before the service was asked.")
        return left

    def take(self, message: bytes) -> None:
        """Account for a message of the caller. Raises MessageTooLargeError, QueueFullError if the first has no room.

        Later messages of a stream are never refused for room: one at a time is held, and not reading slows the caller.
        """
        size, limit = len(message), self.route.capability.limits.max_message_bytes
        first = not self.received
        self.received += size
        if size > limit:
            raise MessageTooLargeError(
                f"The message has {size} bytes; {self.route.capability.name} takes {limit}. "
                "Large pictures go through ArtifactService.",
                metadata={"size_bytes": str(size), "limit_bytes": str(limit)},
            )
        if first and not self.route.gate.admits(size):
            raise self.route.lane.full()
        self.hold(size)

    def give(self, message: bytes) -> None:
        """Account for a message of the service. Raises MessageTooLargeError."""
        if self.route.answers.hear(message):
            name, plugin = self.route.capability.name, self.route.plugin
            log.error("an answer is no message", capability=name, plugin=plugin, size=len(message))
        size, limit = len(message), self.route.capability.limits.max_message_bytes
        if size > limit:
            raise MessageTooLargeError(
                f"{self.route.capability.name} answered {size} bytes; its limit is {limit}.",
                metadata={"size_bytes": str(size), "limit_bytes": str(limit)},
            )
        self.sent += size
        self.hold(size)

    def hold(self, size: int) -> None:
        """Count bytes that the gateway holds for this call; a negative number when they have gone on."""
        self.held += size
        self.route.gate.bytes += size

    def choose(self, besides: Endpoint | None = None) -> Endpoint:
        """Choose the endpoint for the next attempt. Raises BackendDownError when there is none."""
        endpoint = self.route.backends.pick(besides)
        if endpoint is None:
            name = self.route.capability.name
            raise BackendDownError(
                f"No process that serves {name} is known.", metadata={"capability": name}, retry_after_seconds=1.0
            )
        self.attempts += 1
        self._leave_endpoint()
        self.endpoint = endpoint
        endpoint.in_flight += 1
        return endpoint

    def judge(self, error: AtelierError | None) -> None:
        """Tell the breaker how the service did: what `error` says in its place, or that it answered for itself.

        That no answer came in time counts only where there was as much time as the capability says is usual: callers in
        a hurry must not shut it off for others.
        """
        limits = self.route.capability.limits
        hurried = self.deadline - self.started < 0.9 * limits.default_deadline_seconds
        if error is None:
            self.route.breaker.succeeded()
        elif isinstance(error, BackendDownError) or (isinstance(error, DeadlineTooShortError) and not hurried):
            self.route.breaker.failed()

    def suspect(self, error: AtelierError | None) -> None:
        """Let the endpoint that went away be chosen last until it says again that it is well."""
        if self.endpoint is not None and isinstance(error, BackendDownError):
            self.endpoint.serving = False

    async def head(self, metadata: grpc.aio.Metadata | tuple[()] = (), *, decorated: bool = False) -> None:
        """Send the service's initial metadata and the request's identifier, once; plugins may decorate an answer's."""
        if not self.headed:
            self.headed = True
            pairs = tuple(pair for pair in metadata if pair[0] != REQUEST_ID_KEY)
            if decorated:
                pairs = await self._decorated(pairs)
            await self.context.send_initial_metadata((*pairs, (REQUEST_ID_KEY, self.caller.request_id)))

    async def refuse(self, error: AtelierError) -> None:
        """End the call with an error of ours."""
        status, code = to_status(error), code_of(error)
        self.code, self.reason = code.name, error.reason
        self.route.metrics.refused(self.route.capability.name, error.reason)
        if self.caller.request_id:
            await self.head()
        await self.context.abort(code, status.message, trailers(status))

    async def hand_back(self, error: grpc.aio.AioRpcError) -> None:
        """End the call with the service's own status, its trailing metadata unchanged."""
        self.code = error.code().name
        await self.head(error.initial_metadata() or ())
        await self.context.abort(error.code(), error.details() or "", tuple(error.trailing_metadata() or ()))

    def finish(self, _context: Context) -> None:
        """Give everything back, count the call and write its line."""
        route, seconds = self.route, time.monotonic() - self.started
        self.hold(-self.held)
        self._leave_endpoint()
        if self.admitted:
            route.gate.leave(route.lane, seconds, self.caller.tenant)
        if self.code == "CANCELLED" and self.context.time_remaining() == 0.0:
            self.code = "DEADLINE_EXCEEDED"
        route.metrics.ended(route.capability.name, route.method, self.code, seconds)
        route.metrics.moved(route.capability.name, self.received, self.sent)
        log.info(
            "call",
            request_id=self.caller.request_id,
            tenant=self.caller.tenant,
            method=route.path,
            code=self.code,
            reason=self.reason,
            milliseconds=round(1000 * seconds, 1),
            received=self.received,
            sent=self.sent,
            endpoint=self.endpoint.address if self.endpoint else "",
            attempts=self.attempts,
        )

    async def _decorated(self, pairs: tuple[Pair, ...]) -> tuple[Pair, ...]:
        texts = {key: value for key, value in pairs if isinstance(value, str)}
        headers = await self.route.policies.decorate(self._info, texts)
        return (*headers.items(), *(pair for pair in pairs if not isinstance(pair[1], str)))

    def _info(self) -> CallInfo:
        pairs = self.context.invocation_metadata() or ()
        return CallInfo(
            request_id=self.caller.request_id,
            tenant=self.caller.tenant,
            capability=self.route.capability.name,
            service=self.route.capability.service,
            method=self.route.method,
            deadline_seconds=max(0.0, self.deadline - time.monotonic()),
            headers={key: value for key, value in pairs if isinstance(value, str)},
        )

    def _leave_endpoint(self) -> None:
        if self.endpoint is not None:
            self.endpoint.in_flight -= 1
