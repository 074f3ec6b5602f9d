"""The context of one call, handed to the capability's function beside the request."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from atelier_sdk.errors import DeadlineTooShortError
from atelier_service import wire
from atelier_service.models.per_call import CallModels
from atelier_service.report import Stage, build_report

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from atelier.v1.image_pb2 import Image, OutputOptions
    from atelier.v1.report_pb2 import Report
    from atelier_imaging.analysis import Face
    from atelier_imaging.encode import Encoded
    from atelier_imaging.measures import Measure
    from atelier_imaging.models import ModelRunner
    from atelier_imaging.picture import SourceInfo
    from atelier_service.cancellation import Cancellation
    from atelier_service.models.backend import ModelBackend
    from atelier_service.pictures import Pictures


@dataclass(frozen=True, slots=True)
class CallIdentity:
    """Who asks for what: the call's identifier, its tenant, and the operation as `style.grade`."""

    request_id: str
    tenant: str
    operation: str
    service_version: str


class Call:
    """One call at work, used by one worker thread.

    `models` runs models within the call's deadline and remembers which took part. `notes` are the report's sentences for
    people: what was left out, clamped or could not be honoured. `deadline` is in seconds of `time.monotonic()`.
    """

    def __init__(
        self,
        identity: CallIdentity,
        *,
        backend: ModelBackend,
        pictures: Pictures,
        cancellation: Cancellation,
        deadline: float,
    ) -> None:
        self.identity = identity
        self.deadline = deadline
        self.notes: list[str] = []
        self.stages: list[Stage] = []
        self._used = CallModels(backend, cancellation=cancellation, deadline=deadline)
        self._pictures = pictures
        self._cancellation = cancellation

    @property
    def request_id(self) -> str:
        """Return the caller's identifier of the call, or the one that was drawn for it.

        The only source of chance: whatever is drawn is drawn from it, so that a repeated call is answered alike.
        """
        return self.identity.request_id

    @property
    def models(self) -> ModelRunner:
        """Return what runs models for this call."""
        return self._used

    def remaining_seconds(self) -> float:
        """Return how long the call may still take."""
        return self.deadline - time.monotonic()

    def check(self) -> None:
        """Raise CancelledError when the caller has gone, DeadlineTooShortError when the time is over."""
        self._cancellation.check()
        if self.remaining_seconds() <= 0:
            raise DeadlineTooShortError("The deadline passed while the call was worked on.")

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage for the report, and check before it whether the call is still wanted.

        Names in use: `load`, `decode`, `analyse`, `operate`, `measure`, `encode`, `store`. A name used twice is added up.
        """
        self.check()
        started = time.perf_counter()
        try:
            yield
        finally:
            self.stages.append(Stage(name, time.perf_counter() - started))

    def load(self, image: Image) -> bytes:
        """Return the encoded file that `image` holds or refers to.

        Raises ArtifactExpiredError, UriNotAllowedError, ImageTooLargeError, FieldOutOfRangeError (no source given).
        """
        with self.stage("load"):
            return self._pictures.load(image, tenant=self.identity.tenant, call=self)

    def store(self, encoded: Encoded, options: OutputOptions) -> Image:
        """Return the result as the caller wants it: inline, or as an artifact where asked for or above 4 MiB."""
        with self.stage("store"):
            return self._pictures.store(encoded, options, tenant=self.identity.tenant, call=self)

    def report(
        self,
        *,
        parameters: Mapping[str, object],
        source: SourceInfo,
        output: Encoded,
        faces: Sequence[Face] = (),
        selected: Face | None = None,
        measures: Sequence[Measure] = (),
        include_mesh: bool = False,
    ) -> Report:
        """Build the report that the response carries.

        `parameters` are the effective ones: defaults, presets and seeds resolved; nested mappings, sequences, numbers,
        texts, booleans and None. Models, timings and notes are the call's own.
        """
        report = build_report(
            self.identity, parameters=parameters, stages=self.stages, models=self._used.uses(), notes=self.notes
        )
        wire.fill_pictures(report, source=source, output=output)
        report.faces.extend(wire.faces(faces, selected=selected, include_mesh=include_mesh))
        report.measures.extend(wire.measure(measure) for measure in measures)
        return report
