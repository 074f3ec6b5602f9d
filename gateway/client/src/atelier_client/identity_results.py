"""What identity answers: profiles, likeness, verification, drift, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from atelier_client.report import Report, Verdict
from atelier_client.result import PictureResult

if TYPE_CHECKING:
    from atelier.v1 import identity_pb2


@dataclass(frozen=True, slots=True)
class Proportion:
    """One proportion of a face in distances between the pupils; `deviation` is None where there is one reference."""

    feature: str
    value: float
    deviation: float | None


@dataclass(frozen=True, slots=True)
class Profile:
    """A person, as several portraits show them; what tells them apart stays at the service.

    `agreement` is how alike the references are, None where there is only one. `skin_ita_degrees` is None where no
    reference shows skin. `anchors` are words that hold a prompt to this person.
    """

    id: str
    name: str
    reference_count: int
    agreement: float | None
    proportions: tuple[Proportion, ...]
    skin_ita_degrees: float | None
    anchors: tuple[str, ...]
    encoder: str
    created: datetime
    expires: datetime
    kept_reference_count: int


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two faces are.

    `similarity` is -1..1 on a scale on which a value stands for one rate of false accepts whatever the encoder;
    `false_accept_rate` is the share of pairs of different people at least as alike. All are None where no encoder is
    installed. `verdict` and `explanation` say what that means.
    """

    similarity: float | None
    encoder_distance: float | None
    false_accept_rate: float | None
    verdict: Verdict
    explanation: str


@dataclass(frozen=True, slots=True)
class ComparisonResult:
    """How alike two faces are, and the report."""

    likeness: Likeness
    report: Report


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether a face is a profile's: the similarity that was needed, and 0..1 how sure the verdict is."""

    likeness: Likeness
    threshold: float | None
    confidence: float | None
    report: Report

    @property
    def passed(self) -> bool:
        """Whether it is taken for the same person."""
        return self.likeness.verdict is Verdict.PASS


@dataclass(frozen=True, slots=True)
class ProportionChange:
    """How one proportion changed, and what it should be, in distances between the pupils."""

    feature: str
    target: float
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class DriftResult:
    """How far an edit moved a face from itself, and from a profile where one was named."""

    likeness: Likeness
    profile_before: Likeness | None
    profile_after: Likeness | None
    changes: tuple[ProportionChange, ...]
    report: Report


@dataclass(frozen=True, slots=True)
class LockResult(PictureResult):
    """A picture with features held to a profile, and how its proportions changed."""

    changes: tuple[ProportionChange, ...] = field(default=())


def profile_of(message: identity_pb2.Profile) -> Profile:
    """Read a profile."""
    return Profile(
        id=message.id,
        name=message.display_name,
        reference_count=message.reference_count,
        agreement=message.agreement if message.HasField("agreement") else None,
        proportions=tuple(
            Proportion(
                one.feature,
                one.value_interocular,
                one.deviation_interocular if one.HasField("deviation_interocular") else None,
            )
            for one in message.proportions
        ),
        skin_ita_degrees=message.skin_ita_degrees if message.HasField("skin_ita_degrees") else None,
        anchors=tuple(message.anchors),
        encoder=f"{message.encoder.name} {message.encoder.version}",
        created=message.create_time.ToDatetime(UTC),
        expires=message.expire_time.ToDatetime(UTC),
        kept_reference_count=message.kept_reference_count,
    )


def likeness_of(message: identity_pb2.Likeness) -> Likeness:
    """Read a likeness."""
    return Likeness(
        similarity=message.similarity if message.HasField("similarity") else None,
        encoder_distance=message.encoder_distance if message.HasField("encoder_distance") else None,
        false_accept_rate=message.false_accept_rate if message.HasField("false_accept_rate") else None,
        verdict=Verdict(message.verdict),
        explanation=message.explanation,
    )


def change_of(message: identity_pb2.ProportionChange) -> ProportionChange:
    """Read how a proportion changed."""
    return ProportionChange(
        message.feature, message.target_interocular, message.before_interocular, message.after_interocular
    )
