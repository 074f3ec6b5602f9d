"""What an answer says of itself: the report, typed, and as a dictionary."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from atelier.v1 import face_pb2, report_pb2
from google.protobuf import json_format

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atelier.v1 import image_pb2


class Verdict(Enum):
    """What a measure says against its threshold."""

    INFORMATIVE = report_pb2.VERDICT_UNSPECIFIED
    PASS = report_pb2.VERDICT_PASS
    WARN = report_pb2.VERDICT_WARN
    FAIL = report_pb2.VERDICT_FAIL
    NOT_MEASURABLE = report_pb2.VERDICT_NOT_MEASURABLE


@dataclass(frozen=True, slots=True)
class Measure:
    """One thing measured of a result; `value` is None where it could not be taken, and `explanation` says why."""

    name: str
    value: float | None
    unit: str
    minimum: float | None
    maximum: float | None
    verdict: Verdict
    region: str
    explanation: str


@dataclass(frozen=True, slots=True)
class ModelUse:
    """A model that took part."""

    name: str
    version: str
    sha256: str
    executor: str


@dataclass(frozen=True, slots=True)
class Report:
    """What was asked, what was done and what was measured, by which models, how long it took."""

    message: report_pb2.Report = field(repr=False)

    @property
    def request_id(self) -> str:
        """Identifier of the call."""
        return self.message.request_id

    @property
    def operation(self) -> str:
        """The operation, such as `style.apply`."""
        return self.message.operation

    @property
    def parameters(self) -> dict[str, Any]:
        """The effective parameters: defaults, presets and seeds resolved."""
        return dict(json_format.MessageToDict(self.message.parameters))

    @property
    def input(self) -> image_pb2.ImageInfo:
        """The picture that came in."""
        return self.message.input

    @property
    def output(self) -> image_pb2.ImageInfo:
        """The picture that goes out."""
        return self.message.output

    @property
    def faces(self) -> Sequence[face_pb2.Face]:
        """The faces seen in the input, the largest first."""
        return self.message.faces

    @property
    def measures(self) -> tuple[Measure, ...]:
        """What was measured of the result."""
        return tuple(measure_of(one) for one in self.message.measures)

    @property
    def models(self) -> tuple[ModelUse, ...]:
        """The models that took part."""
        return tuple(ModelUse(one.name, one.version, one.sha256, one.executor) for one in self.message.models)

    @property
    def milliseconds(self) -> dict[str, float]:
        """Wall time of each stage, in order; stages of one name are added up."""
        total: dict[str, float] = {}
        for timing in self.message.timings:
            total[timing.stage] = total.get(timing.stage, 0.0) + timing.milliseconds
        return total

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for people: what was left out, clamped or could not be honoured, and why."""
        return tuple(self.message.notes)

    def to_dict(self) -> dict[str, Any]:
        """Give the whole report as values of JSON, under the field names of the proto files."""
        return json_format.MessageToDict(self.message, preserving_proto_field_name=True)


def measure_of(message: report_pb2.Measure) -> Measure:
    """Read a measure."""
    threshold = message.threshold
    region = face_pb2.Region.Name(message.region).removeprefix("REGION_").lower()
    return Measure(
        name=message.name,
        value=message.value if message.HasField("value") else None,
        unit=message.unit,
        minimum=threshold.minimum if threshold.HasField("minimum") else None,
        maximum=threshold.maximum if threshold.HasField("maximum") else None,
        verdict=Verdict(message.verdict),
        region="" if message.region == face_pb2.REGION_UNSPECIFIED else region,
        explanation=message.explanation,
    )
