"""Errors on the wire and back."""

from __future__ import annotations

import grpc
import pytest
from atelier_rpc import errors
from atelier_rpc.errors import DOMAIN, MAX_STATUS_BYTES, code_of, from_rpc_error, from_status, to_status, trailers
from atelier_sdk.errors import (
    AtelierError,
    BackendDownError,
    CapabilityUnknownError,
    FieldOutOfRangeError,
    FieldViolation,
    MessageTooLargeError,
    NoFaceError,
    QueueFullError,
)
from google.rpc import code_pb2, error_details_pb2, status_pb2
from hypothesis import given
from hypothesis import strategies as st


def tree(kind: type[AtelierError] = AtelierError) -> list[type[AtelierError]]:
    return [kind, *(each for child in kind.__subclasses__() for each in tree(child))]


LEAVES = [kind for kind in tree() if "reason" in vars(kind)]


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: kind.__name__)
def test_every_error_of_the_tree_survives_the_way_there_and_back(kind: type[AtelierError]) -> None:
    violations = (FieldViolation("grade.strength", "must be between 0 and 1"),)
    error = kind("A sentence.", metadata={"limit": "1"}, violations=violations, retry_after_seconds=1.5)
    back = from_status(to_status(error))
    assert (type(back), back.message, back.metadata) == (kind, "A sentence.", {"limit": "1"})
    assert (back.violations, back.retry_after_seconds) == (violations, 1.5)


def test_a_status_carries_one_error_info_and_only_the_details_that_apply() -> None:
    status = to_status(NoFaceError("No face.", metadata={"faces": "0"}))
    (detail,) = status.details
    info = error_details_pb2.ErrorInfo.FromString(detail.value)
    assert (info.domain, info.reason, dict(info.metadata)) == (DOMAIN, "NO_FACE", {"faces": "0"})
    assert status.code == code_pb2.FAILED_PRECONDITION


def test_every_status_name_is_a_grpc_code() -> None:
    assert {code_of(kind("")).name for kind in tree()} == {kind.status for kind in tree()}


def test_violations_that_do_not_fit_are_left_out_with_their_count() -> None:
    violations = tuple(FieldViolation(f"field_{n}.of.a.deep.message", "must be between 0 and 1") for n in range(500))
    status = to_status(FieldOutOfRangeError("500 fields.", violations=violations))
    back = from_status(status)
    kept = [violation for violation in back.violations if violation.field]
    assert status.ByteSize() <= MAX_STATUS_BYTES
    assert kept == list(violations[: len(kept)])
    assert back.violations[-1].description == f"{500 - len(kept)} more violations are left out."
    assert back.metadata == {errors.LEFT_OUT_KEY: str(500 - len(kept))}


@given(
    message=st.text(max_size=3000),
    metadata=st.dictionaries(st.text(max_size=50), st.text(max_size=2000), max_size=20),
    violations=st.lists(st.builds(FieldViolation, st.text(max_size=400), st.text(max_size=400)), max_size=80),
)
def test_a_status_never_grows_beyond_its_limit(
    message: str, metadata: dict[str, str], violations: list[FieldViolation]
) -> None:
    error = FieldOutOfRangeError(message, metadata=metadata, violations=tuple(violations), retry_after_seconds=1)
    assert to_status(error).ByteSize() <= MAX_STATUS_BYTES


def rpc_error(code: grpc.StatusCode, details: str = "", trailing: tuple[tuple[str, bytes], ...] = ()) -> AtelierError:
    return from_rpc_error(grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(*trailing), details))


def test_a_failed_call_is_read_from_its_trailers() -> None:
    error = QueueFullError("The queue is full.", retry_after_seconds=0.5)
    back = rpc_error(grpc.StatusCode.RESOURCE_EXHAUSTED, "The queue is full.", trailers(to_status(error)))
    assert (type(back), back.retry_after_seconds) == (QueueFullError, 0.5)


@pytest.mark.parametrize(
    ("code", "details", "kind"),
    [
        (grpc.StatusCode.UNAVAILABLE, "Connection refused", BackendDownError),
        (grpc.StatusCode.UNIMPLEMENTED, "Method not found!", CapabilityUnknownError),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "Received message larger than max (9 vs. 4)", MessageTooLargeError),
        (grpc.StatusCode.DATA_LOSS, "", AtelierError),
    ],
)
def test_a_failure_without_our_details_becomes_the_nearest_error(
    code: grpc.StatusCode, details: str, kind: type[AtelierError]
) -> None:
    assert type(rpc_error(code, details)) is kind


def test_trailers_that_are_no_status_are_ignored() -> None:
    back = rpc_error(grpc.StatusCode.UNAVAILABLE, "gone", ((errors.DETAILS_KEY, b"\xff\xff\xff"),))
    assert (type(back), back.message) == (BackendDownError, "gone")


def test_a_reason_of_a_newer_version_is_kept_as_metadata() -> None:
    status = status_pb2.Status(code=code_pb2.FAILED_PRECONDITION, message="New.")
    status.details.add().Pack(error_details_pb2.ErrorInfo(domain=DOMAIN, reason="NEWER"))
    back = from_status(status)
    assert (back.status, back.metadata["reason"]) == ("FAILED_PRECONDITION", "NEWER")
