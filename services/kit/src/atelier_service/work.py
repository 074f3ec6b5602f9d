"""From an admitted RPC to the capability's function in a worker thread, and back."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import re
import time
import uuid
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from atelier_rpc.artifact_names import DEFAULT_TENANT, TENANT_KEY, check_tenant
from atelier_rpc.interceptors import metadata_value
from atelier_rpc.logs import request_id as logged_request_id
from atelier_sdk.errors import AtelierError, CancelledError, DeadlineTooShortError

from atelier_service.call import Call, CallIdentity
from atelier_service.cancellation import Cancellation

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator
    from concurrent.futures import Future, ThreadPoolExecutor

    import grpc
    from atelier_imaging.identity import Encoder
    from atelier_sdk.capability import Capability
    from google.protobuf.message import Message

    from atelier_service.admission import Admission
    from atelier_service.models.backend import ModelBackend
    from atelier_service.pictures import Pictures
    from atelier_service.plugins import Plugins
    from atelier_service.servicer import Servicer

    Context = grpc.aio.ServicerContext[Any, Any]

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Work:
    """One admitted call: its context, and its turns in the worker threads, one at a time."""

    def __init__(self, call: Call, cancellation: Cancellation, workers: ThreadPoolExecutor) -> None:
        self.call = call
        self._cancellation = cancellation
        self._workers = workers
        self._context = contextvars.copy_context()
        self._turn: Future[Any] | None = None

    async def run(
        self, function: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Result:
        """Run `function` in a worker and return what it returns, unless the call is cancelled or its time is over."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        task = functools.partial(function, *args, **kwargs)
        turn: Future[Result] = self._workers.submit(self._context.run, task)
        self._turn = turn
        turn.add_done_callback(lambda _: _tell(loop, _resolve, done))
        try:
            async with asyncio.timeout(max(0.0, self.call.remaining_seconds())):
                await done
        except TimeoutError:
            raise self._stop(DeadlineTooShortError("The deadline passed while the call was worked on.")) from None
        except asyncio.CancelledError:
            if self.call.remaining_seconds() <= 0:
                self._stop(DeadlineTooShortError("The deadline passed while the call was worked on."))
            self._stop(CancelledError("The caller cancelled."))
            raise
        return turn.result()

    def afterwards(self, then: Callable[[], object]) -> None:
        """Call `then` once no worker is at this call any more: at once, or from the worker's thread."""
        if self._turn is None:
            then()
        else:
            self._turn.add_done_callback(lambda _: then())

    def _stop(self, error: AtelierError) -> AtelierError:
        self._cancellation.cancel(error)
        return error


@dataclass(frozen=True, slots=True)
class Asked:
    """An RPC that somebody asks for: until when (of `time.monotonic()`), who lets it in, how much work it is."""

    method: str
    identity: CallIdentity
    deadline: float
    admission: Admission
    size: float


class Desk:
    """Take the RPCs of one capability: admit them, give them a `Call`, have a worker do them."""

    def __init__(
        self,
        capability: Capability,
        servicer: Servicer,
        *,
        admission: Admission,
        beside: Admission,
        workers: ThreadPoolExecutor,
        backend: ModelBackend,
        pictures: Pictures,
        on_fault: Callable[[], None],
        encoder: Encoder | None = None,
        plugins: Plugins | None = None,
    ) -> None:
        self._capability = capability
        self._servicer = servicer
        self._admission = admission
        self._beside = beside
        self._workers = workers
        self._backend = backend
        self._pictures = pictures
        self._on_fault = on_fault
        self._encoder = encoder
        self._plugins = plugins

    async def unary(self, method: str, request: Message, context: Context) -> Message:
        """Answer a unary RPC."""
        asked = self._asked(method, request, context)
        await asked.admission.enter(method, asked.deadline, asked.identity.tenant, asked.size)
        async with self._working(asked) as work:
            response: Message = await work.run(self.function(method), request, work.call)
            return response

    async def stream(
        self, method: str, queued: Callable[[int, float], Message | None], request: Message, context: Context
    ) -> AsyncIterator[Message]:
        """Answer a server-streaming RPC: the next response is worked on when the last one is on its way.

        `queued` makes the response that says how many calls are served before, and how long that takes; None where the
        RPC has none.
        """
        asked = self._asked(method, request, context)
        approach = asked.admission.approach(method, asked.deadline, asked.identity.tenant, asked.size)
        async with aclosing(approach) as line:
            async for position in line:
                if (told := queued(position, asked.admission.seconds_until(position))) is not None:
                    yield told
        async with self._working(asked) as work:
            responses = self.function(method)(request, work.call)
            try:
                while (response := await work.run(_next, responses)) is not None:
                    yield response
            finally:
                work.afterwards(responses.close)

    def function(self, method: str) -> Callable[..., Any]:
        """Return the servicer's function for an RPC. Raises TypeError where there is none."""
        function = getattr(self._servicer, snake_case(method), None)
        if not callable(function):
            raise TypeError(f"{type(self._servicer).__name__} has no method {snake_case(method)} for the RPC {method}")
        found: Callable[..., Any] = function
        return found

    def call(self, identity: CallIdentity, cancellation: Cancellation, deadline: float) -> Call:
        """Make the context of a call."""
        return Call(
            identity,
            backend=self._backend,
            pictures=self._pictures,
            cancellation=cancellation,
            deadline=deadline,
            encoder=self._encoder,
            plugins=self._plugins,
            limits=self._capability.limits,
        )

    def _asked(self, method: str, request: Message, context: Context) -> Asked:
        identity = self._identity(method, request, context)
        deadline = time.monotonic() + self._allowed_seconds(context)
        admission = self._beside if method in self._servicer.beside else self._admission
        return Asked(method, identity, deadline, admission, self._servicer.size(request))

    @asynccontextmanager
    async def _working(self, asked: Asked) -> AsyncIterator[Work]:
        """Work in a slot that was entered already, and give it back."""
        cancellation = Cancellation()
        work = Work(self.call(asked.identity, cancellation, asked.deadline), cancellation, self._workers)
        started, finished = time.monotonic(), False
        loop = asyncio.get_running_loop()

        def leave() -> None:
            taken = time.monotonic() - started if finished else None
            _tell(loop, asked.admission.leave, asked.method, taken, asked.size)

        try:
            yield work
            finished = True
        except AtelierError:
            raise
        except Exception:
            self._on_fault()
            raise
        finally:
            # A worker cannot be interrupted: its slot is free when it has really stopped.
            work.afterwards(leave)

    def _identity(self, method: str, request: Message, context: Context) -> CallIdentity:
        given = str(getattr(request, "request_id", ""))
        identifier = given or logged_request_id.get() or str(uuid.uuid4())
        logged_request_id.set(identifier)
        tenant = check_tenant(metadata_value(context, TENANT_KEY, DEFAULT_TENANT))
        operation = f"{self._capability.name}.{snake_case(method)}"
        return CallIdentity(identifier, tenant, operation, self._servicer.version)

    def _allowed_seconds(self, context: Context) -> float:
        """Return how long a call may take: what its caller says, else the default, and at most the limit."""
        limits = self._capability.limits
        left: float | None = context.time_remaining()
        return min(limits.default_deadline_seconds if left is None else left, limits.max_deadline_seconds)


def _next(responses: Generator[Message]) -> Message | None:
    return next(responses, None)


def _tell(loop: asyncio.AbstractEventLoop, what: Callable[..., object], *args: object) -> None:
    """Have the event loop do something, from a worker, which may outlive it."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(what, *args)


def _resolve(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)


def snake_case(method: str) -> str:
    """Return the name of the function of an RPC: `SkinTone` is `skin_tone`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", method).lower()
