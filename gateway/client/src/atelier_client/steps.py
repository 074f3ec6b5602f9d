"""Operations as steps: written once, performed by the blocking and by the asynchronous client alike.

An operation is a generator. It yields a step (an exchange with the gateway, a piece of work that may block, a pause),
is sent the step's outcome, or has the call's error thrown into it, and returns its result. It touches no network:

    operation (this module, style, artifacts, catalogue) ──steps──> performer (blocking.py | awaiting.py) ──> gRPC
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

import grpc

from atelier_client.errors import DeadlineExceededError, UnavailableError

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from atelier_client.session import Session

Q = TypeVar("Q", bound="Message")
A = TypeVar("A", bound="Message")
R = TypeVar("R")

_LONGEST_SECONDS = 7 * 24 * 3600.0  # gRPC takes times beyond its clock's range for times that have passed


@dataclass(frozen=True, slots=True)
class Method(Generic[Q, A]):
    """One RPC: its full path, what it takes, what it answers, and which sides stream."""

    path: str
    request: type[Q]
    answer: type[A]
    client_streams: bool = False
    server_streams: bool = False


@dataclass(frozen=True, slots=True)
class Exchange(Generic[Q, A]):
    """One attempt at one RPC, whose outcome is the list of answers; `requests` makes the messages, each time anew.

    `heard` is called with each answer of a stream as it comes.
    """

    method: Method[Q, A]
    requests: Callable[[], Iterator[Q]]
    timeout_seconds: float
    headers: tuple[tuple[str, str], ...]
    heard: Callable[[A], None] | None = None

    def noted(self, answer: A) -> A:
        """Return an answer of the stream, once whoever asked has heard of it."""
        if self.heard is not None:
            self.heard(answer)
        return answer


@dataclass(frozen=True, slots=True)
class Work:
    """Something that may block on disk or processor. The outcome is what `run` returns."""

    run: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Pause:
    """Waiting before the next attempt."""

    seconds: float


# Any: a performer sends whatever outcome the step has; `_done` and `exchange` put the type back.
Step = Exchange[Any, Any] | Work | Pause
Steps = Generator[Step, Any, R]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation in progress: whose it is, its request id, and when (on the monotonic clock) it must be over."""

    session: Session
    request_id: str
    ends_at: float

    @classmethod
    def begin(cls, session: Session, request_id: str, deadline_seconds: float | None) -> Operation:
        """Start the clock of an operation. What is not above 0 is a deadline that has passed; infinity is a week."""
        allowed = session.deadline_seconds if deadline_seconds is None else deadline_seconds
        return cls(session, request_id, time.monotonic() + (min(allowed, _LONGEST_SECONDS) if allowed > 0 else 0.0))

    def remaining_seconds(self) -> float:
        """Say what is left of the deadline."""
        return self.ends_at - time.monotonic()


def work(run: Callable[[], R]) -> Steps[R]:
    """Have something done that may block."""
    return cast("R", (yield Work(run)))


def exchange(
    operation: Operation,
    method: Method[Q, A],
    requests: Callable[[], Iterator[Q]],
    heard: Callable[[A], None] | None = None,
) -> Steps[list[A]]:
    """Make a call, again after UNAVAILABLE as the session's policy says, within the operation's deadline.

    Errors: AtelierCallError; DeadlineExceededError without a call when nothing is left of the deadline.
    """
    policy = operation.session.retry
    headers = operation.session.headers(operation.request_id)
    for attempt in itertools.count(1):
        left = operation.remaining_seconds()
        if left <= 0:
            raise _too_late(operation)
        try:
            return cast("list[A]", (yield Exchange(method, requests, left, headers, heard)))
        except UnavailableError as error:
            seconds = policy.pause_seconds(attempt, error.retry_after_seconds)
            if attempt >= policy.attempts or seconds >= operation.remaining_seconds():
                raise
        yield Pause(seconds)
    raise AssertionError("unreachable: the loop has no end of its own")  # pragma: no cover


def call(operation: Operation, method: Method[Q, A], request: Q) -> Steps[A]:
    """Make a call of one message and one answer."""
    answers = yield from exchange(operation, method, lambda: iter((request,)))
    return answers[0]


def heard_call(operation: Operation, method: Method[Q, A], request: Q, heard: Callable[[A], None]) -> Steps[list[A]]:
    """Make a call of one message whose answers are a stream; `heard` is told each as it comes."""
    return (yield from exchange(operation, method, lambda: iter((request,)), heard))


def _too_late(operation: Operation) -> DeadlineExceededError:
    return DeadlineExceededError(
        "the deadline passed before the call was made",
        code=grpc.StatusCode.DEADLINE_EXCEEDED,
        request_id=operation.request_id,
    )
