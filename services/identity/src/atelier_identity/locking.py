"""The call Lock: what is asked, done, measured and refused."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier.v1 import identity_pb2
from atelier_imaging.identity import similarity_of_rate
from atelier_imaging.measures import Gate, Measure, global_shift, judged, outside_mask_difference
from atelier_imaging.region import Region
from atelier_sdk.errors import FieldOutOfRangeError, FieldViolation, IdentityBelowFloorError, ModelNotInstalledError
from atelier_service.sitting import Outcome, Sitting

from atelier_identity import wire
from atelier_identity.enrolment import SAME_PERSON_RATE
from atelier_identity.lock import BORDER, Locked, Wish, lock
from atelier_identity.proportions import FEATURES
from atelier_identity.sitter import Sitter, require

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atelier_imaging.face import Face
    from atelier_imaging.portrait import Portrait
    from atelier_service.call import Call

    from atelier_identity.comparing import Comparer
    from atelier_identity.likeness import Likeness
    from atelier_identity.profile import StoredProfile

DEFAULT_TOLERANCE: Final = 0.015
_CAN_BE_LOCKED: Final = {feature.name for feature in FEATURES if feature.can_be_locked}
# Shares of the strength that are tried where less is allowed for the sake of the floor.
_SHARES: Final = (1.0, 0.5, 0.25, 0.0)
_BY_DEFAULT: Final = tuple(feature.name for feature in FEATURES if feature.can_be_locked and not feature.is_mobile)
# Beyond this share of a pixel's area nothing is folded over.
_UNFOLDED: Final = Gate(minimum=0.1, fail_below=0.0)


def locked(
    request: identity_pb2.LockRequest, call: Call, stored: StoredProfile, comparer: Comparer
) -> identity_pb2.LockResponse:
    """Bring a face back to a profile's proportions.

    Raises FieldOutOfRangeError for features that cannot be locked, IdentityBelowFloorError, ModelNotInstalledError
    where a floor is asked for and there is no encoder, and what `Sitting` and `require` raise.
    """
    wish = _wish(request.lock, stored)
    sitting = Sitting(request, call)
    portrait = sitting.portrait
    face = sitting.face() or portrait.select()
    require(portrait, face)
    before = comparer.to_profile(Sitter(portrait, face), stored)
    shares = _SHARES if request.lower_strength_to_floor else _SHARES[:1]
    for share in shares:
        effective = replace(wish, strength=share * wish.strength)
        with call.stage("operate"):
            done = lock(portrait, face, effective, call.models, call.check)
        after = comparer.to_profile(Sitter(done.portrait, done.face), stored)
        if after.similarity is not None and after.similarity >= request.identity_floor:
            break
    _hold_floor(after, request.identity_floor)
    call.notes.extend(_remarks(before, share))
    with call.stage("measure"):
        measures = _measures(portrait, face, done, before, after)
    parameters = _parameters(stored, effective, done) | ({"share_of_strength": share} if share < 1.0 else {})
    outcome = Outcome(done.portrait.picture, parameters, measures, done.notes, moved=done.portrait)
    image, report = sitting.finish(outcome, face)
    return identity_pb2.LockResponse(
        image=image, report=report, changes=wire.changes(wish.targets, done.before, done.after)
    )


def _remarks(before: Likeness, share: float) -> Iterator[str]:
    """Yield what a person should know of a lock that was given `share` of its strength."""
    if before.similarity is not None and before.similarity < similarity_of_rate(SAME_PERSON_RATE):
        yield "The face is not taken for the person of the profile; it was given that person's proportions."
    if share < 1.0:
        yield f"Only {100 * share:.0f} % of the strength is left, for the sake of the identity floor."


def _measures(portrait: Portrait, face: Face, done: Locked, before: Likeness, after: Likeness) -> tuple[Measure, ...]:
    return (
        before.measure("profile_similarity_before"),
        after.measure("profile_similarity_after"),
        _unfolded(done),
        global_shift(portrait.picture.pixels, done.portrait.picture.pixels, portrait.picture.space),
        _background(portrait, face, done),
    )


def _wish(asked: identity_pb2.IdentityLock, stored: StoredProfile) -> Wish:
    """Read what is to be locked. Raises FieldOutOfRangeError that names every feature that cannot be."""
    wrong = [
        FieldViolation(f"lock.features[{position}]", f"must be one of {', '.join(sorted(_CAN_BE_LOCKED))}")
        for position, name in enumerate(asked.features)
        if name not in _CAN_BE_LOCKED
    ]
    if wrong:
        raise FieldOutOfRangeError("There are features that cannot be locked.", violations=tuple(wrong))
    names = tuple(asked.features) or _BY_DEFAULT
    return Wish(
        targets={one.feature: one.value for one in stored.profile.proportions if one.feature in names},
        strength=asked.strength if asked.HasField("strength") else 1.0,
        tolerance=asked.tolerance_interocular if asked.HasField("tolerance_interocular") else DEFAULT_TOLERANCE,
    )


def _hold_floor(after: Likeness, floor: float) -> None:
    if floor <= 0:
        return
    if after.similarity is None:
        raise ModelNotInstalledError(
            f"identity_floor cannot be held: {after.explanation}", metadata={"field": "identity_floor"}
        )
    if after.similarity < floor:
        raise IdentityBelowFloorError(
            f"The result's similarity to the profile is {after.similarity:.3f}; {floor:g} was asked for at least.",
            metadata={"measured": f"{after.similarity:.4f}", "limit": f"{floor:g}"},
        )


def _unfolded(done: Locked) -> Measure:
    explanation = "The smallest share of its area that the warp left of any place; below 0 it would be folded over."
    return judged("flow_jacobian", done.lowest_jacobian, "ratio", _UNFOLDED, explanation, Region.FACE)


def _background(portrait: Portrait, face: Face, done: Locked) -> Measure:
    """Measure whether anything has changed beyond the person and the border in which its outline may move."""
    gate = Gate(maximum=0.0)
    if not done.changes:
        return judged("outside_mask_difference", 0.0, "levels", gate, "Nothing was changed.", Region.BACKGROUND)
    person = (portrait.mask(Region.PERSON) > 0).astype(np.uint8)
    away = cv2.distanceTransform(1 - person, cv2.DIST_L2, 3)
    inside = (away <= BORDER * face.interocular_pixels).astype(np.float32)
    measured = outside_mask_difference(portrait.picture.pixels, done.portrait.picture.pixels, inside)
    return replace(measured, region=Region.BACKGROUND)


def _parameters(stored: StoredProfile, wish: Wish, done: Locked) -> dict[str, object]:
    return {
        "profile": stored.id,
        "features": list(wish.targets),
        "strength": wish.strength,
        "tolerance_interocular": wish.tolerance,
        "changes_interocular": dict(done.changes),
    }
