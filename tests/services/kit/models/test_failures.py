"""What each failure of Triton's becomes. Texts were taken from Triton 2.51 and grpcio 1.81."""

from __future__ import annotations

import grpc
import pytest
from atelier_sdk.errors import BackendDownError, DeadlineTooShortError, ModelNotInstalledError, QueueFullError
from atelier_service.models.failures import FAILURES, InferenceFailedError, failure_of

UNAVAILABLE, NOT_FOUND = grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.NOT_FOUND
INTERNAL, INVALID = grpc.StatusCode.INTERNAL, grpc.StatusCode.INVALID_ARGUMENT

TABLE = [
    (UNAVAILABLE, "[request id: 1] Exceeds maximum queue size", QueueFullError, False),
    (UNAVAILABLE, "Request timeout expired", QueueFullError, False),
    (UNAVAILABLE, "This protocol is restricted, expecting header 'k'", InferenceFailedError, False),
    (UNAVAILABLE, "Server is stopping, scheduler for model has stopped accepting new inference requests",
     BackendDownError, True),
    (UNAVAILABLE, "Model version not ready: is not ready", BackendDownError, True),
    (UNAVAILABLE, "failed to connect to all addresses; last error: Connection refused", BackendDownError, False),
    (UNAVAILABLE, "Stream removed (Socket closed)", BackendDownError, False),
    (NOT_FOUND, "Request for unknown model: 'x' has no available versions", BackendDownError, True),
    (NOT_FOUND, "Request for unknown model: 'x' is not found", ModelNotInstalledError, True),
    (NOT_FOUND, "Unable to find shared memory region: 'atelier-1-2'", BackendDownError, True),
    (grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded", DeadlineTooShortError, False),
    (grpc.StatusCode.CANCELLED, "Request cancelled", BackendDownError, False),
    (INTERNAL, "Stub process 'x_0_0' is not healthy.", BackendDownError, False),
    (INTERNAL, "CUDA error: an illegal memory access was encountered", InferenceFailedError, False),
    (INVALID, "unexpected shape for input 'image'", InferenceFailedError, False),
]  # fmt: skip


@pytest.mark.parametrize(("code", "text", "error", "retried"), TABLE, ids=[text[:40] for _, text, _, _ in TABLE])
def test_a_failure_is_told_apart_by_its_text(
    code: grpc.StatusCode, text: str, error: type[Exception], retried: bool
) -> None:
    failure = failure_of(code, text)
    assert (type(failure.error("x")), failure.retry) == (error, retried)


@pytest.mark.parametrize(
    ("text", "error", "retried"),
    [
        ("Exceeds maximum queue size", QueueFullError, False),
        ("Server is stopping, scheduler for model has stopped", BackendDownError, True),
        ("Request for unknown model: 'x' has no available versions", BackendDownError, True),
        ("Stub process 'x_0_0' is not healthy.", BackendDownError, False),
        ("Request for unknown model: 'x' is not found", InferenceFailedError, False),
    ],
)
def test_within_a_stream_the_text_is_all_there_is(text: str, error: type[Exception], retried: bool) -> None:
    failure = failure_of(None, text)
    assert (type(failure.error("x")), failure.retry) == (error, retried)


def test_every_row_of_the_mapping_is_met_by_a_known_text() -> None:
    assert {failure.name for failure in FAILURES} == {failure_of(code, text).name for code, text, _, _ in TABLE}


def test_a_full_queue_says_when_to_come_back() -> None:
    error = failure_of(UNAVAILABLE, "Exceeds maximum queue size").error("x")
    assert isinstance(error, QueueFullError)
    assert error.retry_after_seconds == 0.5


def test_the_text_of_a_failed_inference_is_not_for_the_caller() -> None:
    assert str(failure_of(INTERNAL, "CUDA error at 0xdead").error("x")) == "x"
