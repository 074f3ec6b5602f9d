"""Every error that a caller of Atelier can meet.

AtelierError                     INTERNAL             INTERNAL
├── InvalidArgumentError         INVALID_ARGUMENT
│   ├── FieldOutOfRangeError                          FIELD_OUT_OF_RANGE
│   ├── ImageUndecodableError                         IMAGE_UNDECODABLE
│   ├── ImageTruncatedError                           IMAGE_TRUNCATED
│   ├── ImageTooLargeError                            IMAGE_TOO_LARGE
│   ├── UnsupportedFormatError                        UNSUPPORTED_FORMAT
│   ├── PresetUnknownError                            PRESET_UNKNOWN
│   ├── LutMalformedError                             LUT_MALFORMED
│   ├── ArtifactTooLargeError                         ARTIFACT_TOO_LARGE
│   ├── ChecksumMismatchError                         CHECKSUM_MISMATCH
│   ├── MessageMalformedError                         MESSAGE_MALFORMED
│   └── RecipeMalformedError                          RECIPE_MALFORMED
├── FailedPreconditionError      FAILED_PRECONDITION
│   ├── NoFaceError                                   NO_FACE
│   ├── FaceTooSmallError                             FACE_TOO_SMALL
│   ├── PoseTooExtremeError                           POSE_TOO_EXTREME
│   ├── FaceNotSelectedError                          FACE_NOT_SELECTED
│   ├── EyesClosedError                               EYES_CLOSED
│   ├── SkinNotVisibleError                           SKIN_NOT_VISIBLE
│   ├── ReferencesDisagreeError                       REFERENCES_DISAGREE
│   ├── ProfileSealedError                            PROFILE_SEALED
│   ├── ProfileOutdatedError                          PROFILE_OUTDATED
│   ├── IdentityBelowFloorError                       IDENTITY_BELOW_FLOOR
│   ├── GateBrokenError                               GATE_BROKEN
│   ├── UriUnreachableError                           URI_UNREACHABLE
│   ├── ModelNotInstalledError                        MODEL_NOT_INSTALLED
│   ├── ModelUnusableError                            MODEL_UNUSABLE
│   └── HostUnsuitableError                           HOST_UNSUITABLE
├── NotFoundError                NOT_FOUND
│   ├── ArtifactExpiredError                          ARTIFACT_EXPIRED
│   └── ProfileUnknownError                           PROFILE_UNKNOWN
├── AlreadyExistsError           ALREADY_EXISTS
│   └── ProfileExistsError                            PROFILE_EXISTS
├── CapabilityUnknownError       UNIMPLEMENTED        CAPABILITY_UNKNOWN
├── ResourceExhaustedError       RESOURCE_EXHAUSTED
│   ├── QueueFullError                                QUEUE_FULL
│   ├── QuotaError                                    QUOTA
│   ├── DeviceMemoryError                             DEVICE_MEMORY
│   ├── StorageFullError                              STORAGE_FULL
│   └── MessageTooLargeError                          MESSAGE_TOO_LARGE
├── DeadlineTooShortError        DEADLINE_EXCEEDED    DEADLINE_TOO_SHORT
├── CancelledError               CANCELLED            CANCELLED
├── UnauthenticatedError         UNAUTHENTICATED      UNAUTHENTICATED
├── PermissionDeniedError        PERMISSION_DENIED    PERMISSION_DENIED
│   ├── UriNotAllowedError                            URI_NOT_ALLOWED
│   └── PolicyRefusedError                            POLICY_REFUSED
└── UnavailableError             UNAVAILABLE
    ├── BackendDownError                              BACKEND_DOWN
    ├── PolicyFailedError                             POLICY_FAILED
    ├── RegistryUnreachableError                      REGISTRY_UNREACHABLE
    └── DrainingError                                 DRAINING

`status` is the canonical gRPC code, `reason` the machine-readable cause (`google.rpc.ErrorInfo.reason`,
domain `atelier`). A class without a reason of its own is a branch of the tree and is not raised.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One field of a request that breaks its contract.

    `field` is the path in the request, such as `grade.strength`; `description` says what is wrong and what is allowed.
    """

    field: str
    description: str


class AtelierError(Exception):
    """Something went wrong that the caller is told about.

    `metadata` holds every variable of the message, as text, for programs. `retry_after_seconds` is set where waiting
    helps. None of the three may hold anything about a person.
    """

    status: ClassVar[str] = "INTERNAL"
    reason: ClassVar[str] = "INTERNAL"

    def __init__(
        self,
        message: str,
        *,
        metadata: dict[str, str] | None = None,
        violations: tuple[FieldViolation, ...] = (),
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.metadata = metadata or {}
        self.violations = violations
        self.retry_after_seconds = retry_after_seconds


class InvalidArgumentError(AtelierError):
    """The request itself is at fault; sending it again cannot help."""

    status = "INVALID_ARGUMENT"


class FieldOutOfRangeError(InvalidArgumentError):
    """One or more fields break their contract; all of them are listed."""

    reason = "FIELD_OUT_OF_RANGE"


class ImageUndecodableError(InvalidArgumentError):
    """The bytes are of a known format and cannot be decoded."""

    reason = "IMAGE_UNDECODABLE"


class ImageTruncatedError(InvalidArgumentError):
    """The file ends before the picture does."""

    reason = "IMAGE_TRUNCATED"


class ImageTooLargeError(InvalidArgumentError):
    """The picture has more pixels than are accepted; known before decoding."""

    reason = "IMAGE_TOO_LARGE"


class UnsupportedFormatError(InvalidArgumentError):
    """The bytes are of no format that is accepted."""

    reason = "UNSUPPORTED_FORMAT"


class PresetUnknownError(InvalidArgumentError):
    """There is no preset of that name; the nearest names are given."""

    reason = "PRESET_UNKNOWN"


class LutMalformedError(InvalidArgumentError):
    """A `.cube` file breaks its format; the line is named."""

    reason = "LUT_MALFORMED"


class ArtifactTooLargeError(InvalidArgumentError):
    """A stored file would exceed the largest size that is accepted."""

    reason = "ARTIFACT_TOO_LARGE"


class ChecksumMismatchError(InvalidArgumentError):
    """The bytes are not the ones that the checksum promised."""

    reason = "CHECKSUM_MISMATCH"


class MessageMalformedError(InvalidArgumentError):
    """The bytes of the call are not the message that its RPC takes."""

    reason = "MESSAGE_MALFORMED"


class RecipeMalformedError(InvalidArgumentError):
    """A step of a recipe refers to what does not come before it, or shares its name with another."""

    reason = "RECIPE_MALFORMED"


class FailedPreconditionError(AtelierError):
    """The request is well-formed and this picture or installation cannot serve it."""

    status = "FAILED_PRECONDITION"


class NoFaceError(FailedPreconditionError):
    """The operation needs a face and none was found."""

    reason = "NO_FACE"


class FaceTooSmallError(FailedPreconditionError):
    """The face has too few pixels for the operation; the limit and the measured size are given."""

    reason = "FACE_TOO_SMALL"


class PoseTooExtremeError(FailedPreconditionError):
    """The head is turned further than the operation can serve; the limit and the measured angle are given."""

    reason = "POSE_TOO_EXTREME"


class FaceNotSelectedError(FailedPreconditionError):
    """The face selector points at no face."""

    reason = "FACE_NOT_SELECTED"


class EyesClosedError(FailedPreconditionError):
    """The eyes are closed, and what is asked would have to show what nobody can see."""

    reason = "EYES_CLOSED"


class SkinNotVisibleError(FailedPreconditionError):
    """Too little skin is visible, or the picture has no colour."""

    reason = "SKIN_NOT_VISIBLE"


class ReferencesDisagreeError(FailedPreconditionError):
    """The references of an identity profile show more than one person; the position of the odd one is given."""

    reason = "REFERENCES_DISAGREE"


class ProfileSealedError(FailedPreconditionError):
    """The identity profile was encrypted with a key that the service has not been given."""

    reason = "PROFILE_SEALED"


class ProfileOutdatedError(FailedPreconditionError):
    """The identity profile was made by another encoder than the installed one and must be made again."""

    reason = "PROFILE_OUTDATED"


class IdentityBelowFloorError(FailedPreconditionError):
    """The result would be less like the person than the request accepts."""

    reason = "IDENTITY_BELOW_FLOOR"


class GateBrokenError(FailedPreconditionError):
    """A step of a recipe broke a gate other than identity, and its policy makes that fatal; the measure is named."""

    reason = "GATE_BROKEN"


class UriUnreachableError(FailedPreconditionError):
    """The address of a picture did not answer with one; how it answered is given."""

    reason = "URI_UNREACHABLE"


class ModelNotInstalledError(FailedPreconditionError):
    """A model that the request needs is not installed; the command that installs it is given."""

    reason = "MODEL_NOT_INSTALLED"


class ModelUnusableError(FailedPreconditionError):
    """A model could not be converted, or its converted form does not answer as the original."""

    reason = "MODEL_UNUSABLE"


class HostUnsuitableError(FailedPreconditionError):
    """This machine cannot run what is asked of it; what it lacks is named."""

    reason = "HOST_UNSUITABLE"


class NotFoundError(AtelierError):
    """What the request refers to is not there."""

    status = "NOT_FOUND"


class ArtifactExpiredError(NotFoundError):
    """There is no such artifact: never stored, deleted, or past its time."""

    reason = "ARTIFACT_EXPIRED"


class ProfileUnknownError(NotFoundError):
    """There is no such identity profile."""

    reason = "PROFILE_UNKNOWN"


class AlreadyExistsError(AtelierError):
    """What the request would make is there already."""

    status = "ALREADY_EXISTS"


class ProfileExistsError(AlreadyExistsError):
    """The caller has an identity profile of that name."""

    reason = "PROFILE_EXISTS"


class CapabilityUnknownError(AtelierError):
    """Nobody serves that RPC; those that are served are listed."""

    status = "UNIMPLEMENTED"
    reason = "CAPABILITY_UNKNOWN"


class ResourceExhaustedError(AtelierError):
    """A limit is reached."""

    status = "RESOURCE_EXHAUSTED"


class QueueFullError(ResourceExhaustedError):
    """The capability has no room; try again after the given time."""

    reason = "QUEUE_FULL"


class QuotaError(ResourceExhaustedError):
    """The caller has used up what it may use."""

    reason = "QUOTA"


class DeviceMemoryError(ResourceExhaustedError):
    """The device that a network runs on has too little memory for the request; what to lower is named."""

    reason = "DEVICE_MEMORY"


class StorageFullError(ResourceExhaustedError):
    """The store of artifacts has no room left; whoever runs it has to make some."""

    reason = "STORAGE_FULL"


class MessageTooLargeError(ResourceExhaustedError):
    """The message exceeds the size limit; large pictures go through ArtifactService."""

    reason = "MESSAGE_TOO_LARGE"


class DeadlineTooShortError(AtelierError):
    """What is left of the deadline cannot suffice, or has passed."""

    status = "DEADLINE_EXCEEDED"
    reason = "DEADLINE_TOO_SHORT"


class CancelledError(AtelierError):
    """The caller cancelled."""

    status = "CANCELLED"
    reason = "CANCELLED"


class UnauthenticatedError(AtelierError):
    """The caller did not prove who it is."""

    status = "UNAUTHENTICATED"
    reason = "UNAUTHENTICATED"


class PermissionDeniedError(AtelierError):
    """The caller may not do this."""

    status = "PERMISSION_DENIED"
    reason = "PERMISSION_DENIED"


class UriNotAllowedError(PermissionDeniedError):
    """Pictures are not fetched from that host."""

    reason = "URI_NOT_ALLOWED"


class PolicyRefusedError(PermissionDeniedError):
    """A policy that a plugin brings does not allow it; the plugin and its reason are named."""

    reason = "POLICY_REFUSED"


class UnavailableError(AtelierError):
    """The service cannot answer now; the only status that is retried."""

    status = "UNAVAILABLE"


class BackendDownError(UnavailableError):
    """A process behind the gateway cannot be reached."""

    reason = "BACKEND_DOWN"


class PolicyFailedError(UnavailableError):
    """A policy that a plugin brings could not decide, and what is not admitted is refused; the plugin is named."""

    reason = "POLICY_FAILED"


class RegistryUnreachableError(UnavailableError):
    """A package registry does not give out what an installation needs."""

    reason = "REGISTRY_UNREACHABLE"


class DrainingError(UnavailableError):
    """The process is stopping and takes no new calls."""

    reason = "DRAINING"
