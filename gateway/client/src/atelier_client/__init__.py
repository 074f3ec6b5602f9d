"""The Python client and the atelier command."""

from atelier_client.artifacts import ArtifactInfo
from atelier_client.catalogue import CapabilityInfo, Model, Preset
from atelier_client.errors import (
    AlreadyExistsError,
    AtelierCallError,
    CallCancelledError,
    DeadlineExceededError,
    FailedPreconditionError,
    InternalError,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
    PictureError,
    ResourceExhaustedError,
    UnauthenticatedError,
    UnavailableError,
    UnimplementedError,
    Violation,
)
from atelier_client.face_change import Adjustment
from atelier_client.generate import Candidate, Generated, Preview
from atelier_client.identity_results import ComparisonResult, DriftResult, Likeness, LockResult, Profile, Verification
from atelier_client.light import Enhancement, Lamp, LightRig, Relighting
from atelier_client.parameters import Grade, Grain, Output, SkinTone
from atelier_client.report import Measure, Report, Verdict
from atelier_client.result import PictureResult
from atelier_client.session import RetryPolicy
from atelier_client.studio import AsyncAtelier, Atelier
from atelier_client.upscale import Progress

__all__ = [
    "Adjustment",
    "AlreadyExistsError",
    "ArtifactInfo",
    "AsyncAtelier",
    "Atelier",
    "AtelierCallError",
    "CallCancelledError",
    "Candidate",
    "CapabilityInfo",
    "ComparisonResult",
    "DeadlineExceededError",
    "DriftResult",
    "Enhancement",
    "FailedPreconditionError",
    "Generated",
    "Grade",
    "Grain",
    "InternalError",
    "InvalidArgumentError",
    "Lamp",
    "LightRig",
    "Likeness",
    "LockResult",
    "Measure",
    "Model",
    "NotFoundError",
    "Output",
    "PermissionDeniedError",
    "PictureError",
    "PictureResult",
    "Preset",
    "Preview",
    "Profile",
    "Progress",
    "Relighting",
    "Report",
    "ResourceExhaustedError",
    "RetryPolicy",
    "SkinTone",
    "UnauthenticatedError",
    "UnavailableError",
    "UnimplementedError",
    "Verdict",
    "Verification",
    "Violation",
]
