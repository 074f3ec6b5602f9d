"""The report that every answer carries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from atelier.v1 import report_pb2
from google.protobuf import json_format

from atelier_service import wire

if TYPE_CHECKING:
    from atelier_imaging.face import Face
    from atelier_imaging.measures import Measure
    from atelier_imaging.picture import ImageInfo


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a call and the seconds it took."""

    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Findings:
    """What a capability says of its work.

    `parameters` are the effective ones (defaults, presets and seeds resolved) as nested mappings, sequences, numbers,
    texts, booleans and None. `source` and `output` are the pictures that came in and go out. `faces` are those seen in
    the input; `selected` is the index of the one that the operation was about; `ita_degrees` the skin tone of some of
    them by index.
    """

    parameters: Mapping[str, object]
    source: ImageInfo | None = None
    output: ImageInfo | None = None
    faces: Sequence[Face] = ()
    selected: int | None = None
    ita_degrees: Mapping[int, float] | None = None
    include_mesh: bool = False
    measures: Sequence[Measure] = ()

    def fill(self, report: report_pb2.Report) -> None:
        """Write them into a report."""
        json_format.ParseDict(_exact(self.parameters), report.parameters)
        if self.source is not None:
            report.input.CopyFrom(wire.image_info(self.source))
        if self.output is not None:
            report.output.CopyFrom(wire.image_info(self.output))
        tones = self.ita_degrees or {}
        for face in self.faces:
            chosen, tone = face.index == self.selected, tones.get(face.index)
            report.faces.append(wire.face(face, selected=chosen, include_mesh=self.include_mesh, ita_degrees=tone))
        report.measures.extend(map(wire.measure, self.measures))


def timings(stages: Sequence[Stage]) -> list[report_pb2.StageTiming]:
    """Return the time of each stage, in order of first use; a stage that was entered twice is added up."""
    sums: dict[str, float] = {}
    for stage in stages:
        sums[stage.name] = sums.get(stage.name, 0.0) + stage.seconds
    return [report_pb2.StageTiming(stage=name, milliseconds=1000 * seconds) for name, seconds in sums.items()]


def _exact(value: Mapping[str, object]) -> dict[str, object]:
    return {name: _value(inner) for name, inner in value.items()}


def _value(value: object) -> object:
    """Return a value as `google.protobuf.Struct` takes it.

    Struct knows only doubles: an integer that a double cannot hold exactly (a seed above 2**53) becomes text.
    """
    if isinstance(value, Mapping):
        return _exact(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_value(inner) for inner in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**53:
        return str(value)
    return value
