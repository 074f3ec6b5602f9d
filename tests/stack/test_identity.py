"""People in the running stack: the real encoder behind Triton, the real store."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import cv2
import grpc
import numpy as np
import pytest
from atelier.v1 import identity_pb2, identity_pb2_grpc, image_pb2, report_pb2

from tests.stack.calls import encoded, png, refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atelier_local.stack import Stack
    from numpy.typing import NDArray

ANOTHER = (("x-atelier-tenant", "another"),)


@pytest.fixture(scope="module")
def identity(channel: grpc.Channel) -> identity_pb2_grpc.IdentityServiceStub:
    return identity_pb2_grpc.IdentityServiceStub(channel)


@pytest.fixture(scope="module")
def profile(
    identity: identity_pb2_grpc.IdentityServiceStub, astronaut: NDArray[np.uint8]
) -> Iterator[identity_pb2.Profile]:
    """The astronaut, of two crops."""
    request = identity_pb2.CreateProfileRequest(
        display_name="astronaut", references=[shown(astronaut), shown(astronaut[:400, 40:420])]
    )
    made = identity.CreateProfile(request, timeout=60).profile
    yield made
    identity.DeleteProfile(identity_pb2.DeleteProfileRequest(id=made.id), timeout=60)


def shown(pixels: NDArray[np.uint8]) -> identity_pb2.Portrait:
    return identity_pb2.Portrait(image=png(np.ascontiguousarray(pixels)))


def test_a_worse_picture_of_a_person_is_verified(
    identity: identity_pb2_grpc.IdentityServiceStub, profile: identity_pb2.Profile, astronaut: NDArray[np.uint8]
) -> None:
    worse = image_pb2.Image(content=encoded(astronaut[20:420, 30:], "JPEG", quality=40))
    request = identity_pb2.VerifyRequest(profile=profile.id, portrait=identity_pb2.Portrait(image=worse))
    answer = identity.Verify(request, timeout=60)
    assert answer.likeness.verdict == report_pb2.VERDICT_PASS
    assert answer.likeness.similarity > 0.7
    assert answer.confidence > 0.99
    assert [model.executor.partition("/")[0] for model in answer.report.models] == ["triton"] * 4


def test_a_stretched_face_drifts_and_is_brought_back(
    identity: identity_pb2_grpc.IdentityServiceStub, profile: identity_pb2.Profile, astronaut: NDArray[np.uint8]
) -> None:
    wide = np.asarray(cv2.resize(astronaut, None, fx=1.04, fy=1.0, interpolation=cv2.INTER_CUBIC), np.uint8)
    drift = identity.Drift(
        identity_pb2.DriftRequest(before=shown(astronaut), after=shown(wide), profile=profile.id), timeout=60
    )
    verdicts = {measure.name: measure.verdict for measure in drift.report.measures if measure.HasField("value")}
    assert verdicts["geometry_drift"] != report_pb2.VERDICT_NOT_MEASURABLE
    assert drift.likeness.similarity < 1
    lock = identity_pb2.IdentityLock(profile=profile.id, features=["nose_length", "jaw_width"], tolerance_interocular=0)
    held = identity.Lock(identity_pb2.LockRequest(image=png(wide), lock=lock), timeout=60)
    missing = np.array(
        [
            (one.before_interocular - one.target_interocular, one.after_interocular - one.target_interocular)
            for one in held.changes
        ]
    )
    before, after = np.sqrt((missing**2).mean(axis=0))
    assert after < 0.7 * before


def test_another_tenant_meets_nobody(
    identity: identity_pb2_grpc.IdentityServiceStub, profile: identity_pb2.Profile, astronaut: NDArray[np.uint8]
) -> None:
    listed = identity.ListProfiles(identity_pb2.ListProfilesRequest(), timeout=60, metadata=ANOTHER)
    assert not listed.profiles
    identity.DeleteProfile(identity_pb2.DeleteProfileRequest(id=profile.id), timeout=60, metadata=ANOTHER)
    assert identity.GetProfile(identity_pb2.GetProfileRequest(id=profile.id), timeout=60).profile == profile
    never = identity_pb2.VerifyRequest(profile=str(uuid.uuid4()), portrait=shown(astronaut))
    assert refused(identity.Verify, never).reason == "PROFILE_UNKNOWN"


def test_a_second_profile_of_one_name_is_refused(
    identity: identity_pb2_grpc.IdentityServiceStub, profile: identity_pb2.Profile, astronaut: NDArray[np.uint8]
) -> None:
    request = identity_pb2.CreateProfileRequest(display_name="astronaut", references=[shown(astronaut)])
    refusal = refused(identity.CreateProfile, request)
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.ALREADY_EXISTS, "PROFILE_EXISTS")


def test_neither_files_nor_logs_name_anybody(
    identity: identity_pb2_grpc.IdentityServiceStub, stack: Stack, astronaut: NDArray[np.uint8]
) -> None:
    name = f"name-{uuid.uuid4().hex}"
    made = identity.CreateProfile(
        identity_pb2.CreateProfileRequest(display_name=name, references=[shown(astronaut)], keep_references=True),
        timeout=60,
    )
    files = [path for path in stack.state_dir.rglob("*") if path.is_file()]
    assert any(path.name == "profiles.sqlite" for path in files)
    assert [path for path in files if name.encode() in path.read_bytes()] == []
    identity.DeleteProfile(identity_pb2.DeleteProfileRequest(id=made.profile.id), timeout=60)
