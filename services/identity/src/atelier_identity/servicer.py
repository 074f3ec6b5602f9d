"""IdentityService: RPC in, RPC out."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

import numpy as np
from atelier.v1 import identity_pb2
from atelier_imaging.identity import embed_aligned
from atelier_imaging.models import FACE_DETECTOR
from atelier_rpc.logs import Log
from atelier_sdk.errors import FieldOutOfRangeError, FieldViolation, ModelNotInstalledError
from atelier_service.servicer import Servicer

from atelier_identity import drift, proportions, wire
from atelier_identity.comparing import Comparer
from atelier_identity.enrolment import agreement_measures, enrol
from atelier_identity.locking import locked
from atelier_identity.profile import NewProfile
from atelier_identity.sitter import Sitter, all_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import timedelta

    from atelier.v1.report_pb2 import Report
    from atelier_imaging.measures import Measure
    from atelier_service.call import Call

    from atelier_identity.profile import StoredProfile
    from atelier_identity.store import ProfileStore

DEFAULT_FALSE_ACCEPT_RATE: Final = 0.001
DEFAULT_PAGE_SIZE: Final = 50

log = Log(__name__)


class IdentityServicer(Servicer):
    """Profiles, and the likeness of faces to them and to each other."""

    version = "0.1.0"

    def __init__(
        self,
        store: ProfileStore,
        *,
        default_time: timedelta,
        longest_time: timedelta,
    ) -> None:
        """Use a store; a profile is kept for `default_time` where its caller does not say."""
        self._store = store
        self._default_time = default_time
        self._longest_time = longest_time

    def create_profile(
        self, request: identity_pb2.CreateProfileRequest, call: Call
    ) -> identity_pb2.CreateProfileResponse:
        """Make a profile from portraits of one person."""
        time_to_live, tenant = self._time_to_live(request), call.identity.tenant
        self._store.check_name(tenant, call.request_id, request.display_name)
        sitters = all_of(request.references, call)
        comparer = Comparer(call, self._store)
        references = [sitter.reference(comparer.embed(sitter), call) for sitter in sitters]
        profile = enrol(request.display_name, references, comparer.calibration, comparer.encoder())
        call.notes.extend(_crowds(sitters))
        kept = [sitter.cut_out() for sitter in sitters] if request.keep_references else []
        with call.stage("store"):
            stored = self._store.create(NewProfile(tenant, call.request_id, profile, time_to_live, kept))
        report = call.report(
            parameters={
                "references": len(sitters),
                "keep_references": request.keep_references,
                "time_to_live_seconds": time_to_live.total_seconds(),
            },
            measures=agreement_measures(references, comparer.calibration),
        )
        return identity_pb2.CreateProfileResponse(profile=wire.profile(stored), report=report)

    def get_profile(self, request: identity_pb2.GetProfileRequest, call: Call) -> identity_pb2.GetProfileResponse:
        """Describe a profile."""
        return identity_pb2.GetProfileResponse(profile=wire.profile(self._stored(request.id, call)))

    def list_profiles(self, request: identity_pb2.ListProfilesRequest, call: Call) -> identity_pb2.ListProfilesResponse:
        """List the tenant's profiles, the newest first."""
        size = request.page_size if request.HasField("page_size") else DEFAULT_PAGE_SIZE
        profiles, token = self._store.page(call.identity.tenant, size, request.page_token)
        return identity_pb2.ListProfilesResponse(profiles=map(wire.profile, profiles), next_page_token=token)

    def delete_profile(
        self, request: identity_pb2.DeleteProfileRequest, call: Call
    ) -> identity_pb2.DeleteProfileResponse:
        """Delete a profile and all that was derived from its references."""
        self._store.delete(call.identity.tenant, request.id)
        return identity_pb2.DeleteProfileResponse()

    def compare(self, request: identity_pb2.CompareRequest, call: Call) -> identity_pb2.CompareResponse:
        """Compare two faces."""
        first, second = (Sitter.of(portrait, call) for portrait in (request.first, request.second))
        found = Comparer(call, self._store).between(first, second)
        report = _report(call, first, {}, (found.measure(),))
        return identity_pb2.CompareResponse(likeness=wire.likeness(found), report=report)

    def verify(self, request: identity_pb2.VerifyRequest, call: Call) -> identity_pb2.VerifyResponse:
        """Verify that a face is the one of a profile, at a rate of false accepts."""
        rate = request.false_accept_rate if request.HasField("false_accept_rate") else DEFAULT_FALSE_ACCEPT_RATE
        stored = self._stored(request.profile, call)
        sitter = Sitter.of(request.portrait, call)
        found = Comparer(call, self._store).to_profile(sitter, stored, rate)
        report = _report(call, sitter, {"profile": stored.id, "false_accept_rate": rate}, (found.measure(),))
        return identity_pb2.VerifyResponse(
            likeness=wire.likeness(found),
            threshold=found.threshold,
            confidence=found.confidence,
            report=report,
        )

    def drift(self, request: identity_pb2.DriftRequest, call: Call) -> identity_pb2.DriftResponse:
        """Measure how far an edit has moved a face from itself, or from a profile."""
        stored = self._stored(request.profile, call) if request.profile else None
        before, after = (Sitter.of(portrait, call) for portrait in (request.before, request.after))
        comparer = Comparer(call, self._store)
        found = comparer.between(before, after)
        first, second = (proportions.measure(sitter.face.mesh) for sitter in (before, after))
        with call.stage("measure"):
            measures = (
                found.measure(),
                *drift.geometry(before.face, after.face),
                *drift.skin(before.subject, after.subject),
                drift.framing(before.portrait, after.portrait),
                *drift.impression(before.subject, after.subject, call.models),
            )
        targets = {one.feature: one.value for one in stored.profile.proportions} if stored else first
        response = identity_pb2.DriftResponse(
            likeness=wire.likeness(found), changes=wire.changes(targets, first, second)
        )
        if stored is not None:
            for sitter, into in ((before, response.profile_before), (after, response.profile_after)):
                into.CopyFrom(wire.likeness(comparer.to_profile(sitter, stored)))
        parameters = {"profile": stored.id if stored else None}
        response.report.CopyFrom(_report(call, before, parameters, measures))
        return response

    def lock(self, request: identity_pb2.LockRequest, call: Call) -> identity_pb2.LockResponse:
        """Bring a face back to a profile's proportions."""
        return locked(request, call, self._stored(request.lock.profile, call), Comparer(call, self._store))

    def canary(self, call: Call) -> None:
        """See that the store answers, that the encoder answers numbers and the detector sees no face in darkness.

        It comes again and again, so what is past its time is deleted here as well.
        """
        self._store.prepare()
        if swept := self._store.sweep():
            log.info("profiles past their time were deleted", profiles=swept)
        with contextlib.suppress(ModelNotInstalledError):  # Then likeness is not measurable, and all else works.
            size = call.encoder.size
            face = np.linspace(0.0, 1.0, size, dtype=np.float32)[None, :, None, None].repeat(size, 2).repeat(3, 3)
            vectors = embed_aligned(face, call.models, call.encoder)
            if not np.isfinite(vectors).all() or not vectors.any():
                raise RuntimeError("the face encoder answers zeros or no numbers")
        scores = call.models.infer(FACE_DETECTOR, {"image": np.zeros((1, 128, 128, 3), np.float32)})["scores"]
        if not np.isfinite(scores).all() or not scores.any() or (scores > 0.0).any():
            raise RuntimeError("the face detector's scores on a black square are zeros, no numbers, or a face")

    def _stored(self, identifier: str, call: Call) -> StoredProfile:
        return self._store.get(call.identity.tenant, identifier)

    def _time_to_live(self, request: identity_pb2.CreateProfileRequest) -> timedelta:
        """Return how long a profile is to be kept. Raises FieldOutOfRangeError for longer than the operator allows."""
        if not request.HasField("time_to_live"):
            return self._default_time
        if request.time_to_live.seconds > self._longest_time.total_seconds():
            rule = f"must be at most {self._longest_time.days} days"
            raise FieldOutOfRangeError(f"time_to_live {rule}.", violations=(FieldViolation("time_to_live", rule),))
        return request.time_to_live.ToTimedelta()


def _crowds(sitters: Sequence[Sitter]) -> Iterator[str]:
    """Say which references show more than one face."""
    for position, sitter in enumerate(sitters):
        if len(sitter.portrait.faces) > 1:
            yield (
                f"Reference {position}, counted from 0, shows {len(sitter.portrait.faces)} faces; face "
                f"{sitter.face.index} was taken, the largest being 0."
            )


def _report(call: Call, sitter: Sitter, parameters: Mapping[str, object], measures: tuple[Measure, ...]) -> Report:
    """Build the report of a call that looks at a face and changes nothing."""
    portrait = sitter.portrait
    call.notes.extend(portrait.picture.source.notes)
    return call.report(
        parameters=parameters,
        source=portrait.picture.source_info,
        faces=portrait.faces,
        selected=sitter.face.index,
        measures=measures,
    )
