"""The report that every answer carries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from google.protobuf import json_format

from atelier.v1 import report_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from atelier_service.call import CallIdentity
    from atelier_service.models.backend import InstalledModel


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a call and the seconds it took."""

    name: str
    seconds: float


def build_report(
    identity: CallIdentity,
    *,
    parameters: Mapping[str, object],
    stages: Sequence[Stage],
    models: Iterable[InstalledModel],
    notes: Iterable[str],
) -> report_pb2.Report:
    """Build the part of a report that is known without looking at pictures.

    `parameters` are nested mappings, sequences, numbers, texts, booleans and None. An integer that a double cannot hold
    exactly (a seed above 2**53) stands as text, because `google.protobuf.Struct` knows only doubles.
    """
    report = report_pb2.Report(
        request_id=identity.request_id,
        operation=identity.operation,
        service_version=identity.service_version,
        notes=notes,
        timings=[
            report_pb2.StageTiming(stage=name, milliseconds=1000 * seconds) for name, seconds in _sums(stages).items()
        ],
        models=[
            report_pb2.ModelUse(name=model.name, version=model.version, sha256=model.sha256, executor=model.executor)
            for model in models
        ],
    )
    json_format.ParseDict(_exact(parameters), report.parameters)
    return report


def _sums(stages: Sequence[Stage]) -> dict[str, float]:
    sums: dict[str, float] = {}
    for stage in stages:
        sums[stage.name] = sums.get(stage.name, 0.0) + stage.seconds
    return sums


def _exact(value: object) -> object:
    if isinstance(value, dict):
        return {key: _exact(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_exact(inner) for inner in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**53:
        return str(value)
    return value
