"""Identity: profiles, and the likeness of faces to them and to each other."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, Unpack

from atelier.v1 import identity_pb2
from google.protobuf import duration_pb2

from atelier_client.artifacts import place
from atelier_client.editing import CallOptions, begin, common_of_strength, result
from atelier_client.identity_results import (
    ComparisonResult,
    DriftResult,
    LockResult,
    Profile,
    Verification,
    change_of,
    likeness_of,
    profile_of,
)
from atelier_client.parameters import face_selector
from atelier_client.report import Report
from atelier_client.session import INLINE_LIMIT_BYTES, MIB, Session, new_request_id
from atelier_client.steps import Method, Operation, Steps, call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atelier_client.parameters import FaceChoice
    from atelier_client.pictures import PictureSource

_SERVICE: Final = "/atelier.v1.IdentityService"
_CREATE = Method(f"{_SERVICE}/CreateProfile", identity_pb2.CreateProfileRequest, identity_pb2.CreateProfileResponse)
_GET = Method(f"{_SERVICE}/GetProfile", identity_pb2.GetProfileRequest, identity_pb2.GetProfileResponse)
_LIST = Method(f"{_SERVICE}/ListProfiles", identity_pb2.ListProfilesRequest, identity_pb2.ListProfilesResponse)
_DELETE = Method(f"{_SERVICE}/DeleteProfile", identity_pb2.DeleteProfileRequest, identity_pb2.DeleteProfileResponse)
_COMPARE = Method(f"{_SERVICE}/Compare", identity_pb2.CompareRequest, identity_pb2.CompareResponse)
_VERIFY = Method(f"{_SERVICE}/Verify", identity_pb2.VerifyRequest, identity_pb2.VerifyResponse)
_DRIFT = Method(f"{_SERVICE}/Drift", identity_pb2.DriftRequest, identity_pb2.DriftResponse)
_LOCK = Method(f"{_SERVICE}/Lock", identity_pb2.LockRequest, identity_pb2.LockResponse)

# All references of one message together; what is more is uploaded, and gone soon after.
_INLINE_REFERENCES: Final = 12 * MIB
_UPLOADED_REFERENCES_LIVE: Final = timedelta(minutes=10)
_PAGE_SIZE: Final = 500


def create_profile(
    session: Session,
    name: str,
    references: Sequence[PictureSource],
    *,
    time_to_live: timedelta | None = None,
    keep_references: bool = False,
    request_id: str | None = None,
    deadline_seconds: float | None = None,
) -> Steps[Profile]:
    """Make a profile of 1 to 32 portraits of one person.

    The pictures are not kept; with `keep_references` a cut-out of each face is, encrypted.

    Errors: AlreadyExistsError (PROFILE_EXISTS); FailedPreconditionError (REFERENCES_DISAGREE with the odd ones'
    positions, NO_FACE, MODEL_NOT_INSTALLED …); AtelierCallError; PictureError; OSError.
    """
    operation = Operation.begin(session, request_id or new_request_id(), deadline_seconds)
    request = identity_pb2.CreateProfileRequest(
        request_id=operation.request_id, display_name=name, keep_references=keep_references
    )
    room = min(INLINE_LIMIT_BYTES, _INLINE_REFERENCES // max(len(references), 1))
    for reference in references:
        image = yield from place(operation, reference, inline_bytes=room, time_to_live=_UPLOADED_REFERENCES_LIVE)
        request.references.add(image=image)
    if time_to_live is not None:
        lifetime = duration_pb2.Duration()
        lifetime.FromTimedelta(time_to_live)
        request.time_to_live.CopyFrom(lifetime)
    answer = yield from call(operation, _CREATE, request)
    return profile_of(answer.profile)


def get_profile(session: Session, profile: str, *, deadline_seconds: float | None = None) -> Steps[Profile]:
    """Describe a profile by its identifier.

    Errors: NotFoundError (PROFILE_UNKNOWN: never made, deleted, past its time, or another tenant's).
    """
    operation = Operation.begin(session, new_request_id(), deadline_seconds)
    answer = yield from call(operation, _GET, identity_pb2.GetProfileRequest(id=profile))
    return profile_of(answer.profile)


def profiles(session: Session, *, deadline_seconds: float | None = None) -> Steps[tuple[Profile, ...]]:
    """List all profiles, the newest first."""
    operation = Operation.begin(session, new_request_id(), deadline_seconds)
    found: list[Profile] = []
    token = ""
    while True:
        request = identity_pb2.ListProfilesRequest(page_size=_PAGE_SIZE, page_token=token)
        answer = yield from call(operation, _LIST, request)
        found += map(profile_of, answer.profiles)
        token = answer.next_page_token
        if not token:
            return tuple(found)


def delete_profile(session: Session, profile: str, *, deadline_seconds: float | None = None) -> Steps[None]:
    """Delete a profile by its identifier, with all that was derived from its references.

    One that is not there is no error.
    """
    operation = Operation.begin(session, new_request_id(), deadline_seconds)
    yield from call(operation, _DELETE, identity_pb2.DeleteProfileRequest(id=profile))


def compare(
    session: Session, first: PictureSource, second: PictureSource, *, deadline_seconds: float | None = None
) -> Steps[ComparisonResult]:
    """Compare the largest faces of two portraits.

    Errors: AtelierCallError (NO_FACE, FACE_TOO_SMALL, POSE_TOO_EXTREME …); PictureError; OSError.
    """
    operation = Operation.begin(session, new_request_id(), deadline_seconds)
    request = identity_pb2.CompareRequest(
        first=(yield from _portrait(operation, first)), second=(yield from _portrait(operation, second))
    )
    answer = yield from call(operation, _COMPARE, request)
    return ComparisonResult(likeness_of(answer.likeness), Report(answer.report))


def verify(
    session: Session,
    profile: str,
    portrait: PictureSource,
    *,
    face: FaceChoice | None = None,
    false_accept_rate: float | None = None,
    deadline_seconds: float | None = None,
) -> Steps[Verification]:
    """Verify that a face is a profile's, such that no more than that share of strangers pass (0.001 if left out).

    Errors: NotFoundError (PROFILE_UNKNOWN); FailedPreconditionError (PROFILE_OUTDATED, NO_FACE …); AtelierCallError;
    PictureError; OSError.
    """
    operation = Operation.begin(session, new_request_id(), deadline_seconds)
    shown = yield from _portrait(operation, portrait, face)
    request = identity_pb2.VerifyRequest(profile=profile, portrait=shown, false_accept_rate=false_accept_rate)
    answer = yield from call(operation, _VERIFY, request)
    return Verification(
        likeness_of(answer.likeness),
        answer.threshold if answer.HasField("threshold") else None,
        answer.confidence if answer.HasField("confidence") else None,
        Report(answer.report),
    )


def drift(
    session: Session,
    before: PictureSource,
    after: PictureSource,
    *,
    profile: str = "",
    deadline_seconds: float | None = None,
) -> Steps[DriftResult]:
    """Measure how far an edit moved a face from itself, and from a profile where one is named.

    Errors: AtelierCallError (PROFILE_UNKNOWN, NO_FACE …); PictureError; OSError.
    """
    operation = Operation.begin(session, new_request_id(), deadline_seconds)
    request = identity_pb2.DriftRequest(
        before=(yield from _portrait(operation, before)),
        after=(yield from _portrait(operation, after)),
        profile=profile,
    )
    answer = yield from call(operation, _DRIFT, request)
    return DriftResult(
        likeness_of(answer.likeness),
        likeness_of(answer.profile_before) if answer.HasField("profile_before") else None,
        likeness_of(answer.profile_after) if answer.HasField("profile_after") else None,
        tuple(map(change_of, answer.changes)),
        Report(answer.report),
    )


def lock(
    session: Session,
    profile: str,
    image: PictureSource,
    *,
    features: Sequence[str] = (),
    strength: float | None = None,
    tolerance: float | None = None,
    **options: Unpack[CallOptions],
) -> Steps[LockResult]:
    """Bring features of a face back to a profile's proportions; `identity_floor` is of the similarity to the profile.

    `features` are nose_width, nose_length, jaw_width, mouth_width, brow_height; left out, the first three.
    `strength` is 0..1, `tolerance` 0..0.1 of the distance between the pupils.

    Errors: NotFoundError (PROFILE_UNKNOWN); FailedPreconditionError (IDENTITY_BELOW_FLOOR …); AtelierCallError;
    PictureError; OSError.
    """
    operation = begin(session, options)
    fields = yield from common_of_strength(operation, image, options)
    wanted = identity_pb2.IdentityLock(
        profile=profile, features=features, strength=strength, tolerance_interocular=tolerance
    )
    answer = yield from call(operation, _LOCK, identity_pb2.LockRequest(lock=wanted, **fields))
    made = yield from result(operation, answer.image, answer.report)
    return LockResult(made.content, made.report, changes=tuple(map(change_of, answer.changes)))


def _portrait(
    operation: Operation, source: PictureSource, face: FaceChoice | None = None
) -> Steps[identity_pb2.Portrait]:
    return identity_pb2.Portrait(image=(yield from place(operation, source)), face=face_selector(face))
