"""The context of one call, handed to the capability's function beside the request."""

from __future__ import annotations

import hashlib
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from atelier.v1.report_pb2 import Report
from atelier_imaging.decode import DecodeLimits, decode
from atelier_imaging.identity import load_encoder
from atelier_sdk.capability import Limits
from atelier_sdk.errors import DeadlineTooShortError

from atelier_service import wire
from atelier_service.models.per_call import CallModels
from atelier_service.plugins import Plugins
from atelier_service.report import Findings, Stage, timings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from atelier.v1.image_pb2 import Image, OutputOptions
    from atelier_imaging.encode import Encoded
    from atelier_imaging.face import Face
    from atelier_imaging.identity import Encoder
    from atelier_imaging.measures import Measure
    from atelier_imaging.models import ModelRunner
    from atelier_imaging.picture import ImageInfo, Picture
    from atelier_imaging.portrait import Portrait

    from atelier_service.cancellation import Cancellation
    from atelier_service.models.backend import InstalledModel, ModelBackend
    from atelier_service.pictures import Pictures


@dataclass(frozen=True, slots=True)
class CallIdentity:
    """Who asks for what: the call's identifier, its tenant, the operation as `style.grade`, the service's version."""

    request_id: str
    tenant: str
    operation: str
    service_version: str


class Call:
    """One call at work, used by one worker thread at a time.

    `notes` are the report's sentences for people: what was left out, clamped or could not be honoured, and why.
    `deadline` is in seconds of `time.monotonic()`; `encoder` is the one that tells faces apart; `plugins` judge what is
    drawn and take measures; `limits` are the capability's.
    """

    def __init__(
        self,
        identity: CallIdentity,
        *,
        backend: ModelBackend,
        pictures: Pictures,
        cancellation: Cancellation,
        deadline: float,
        encoder: Encoder | None = None,
        plugins: Plugins | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.identity = identity
        self.encoder = encoder or load_encoder()
        self.plugins = plugins or Plugins()
        self.deadline = deadline
        self.notes: list[str] = []
        self._stages: list[Stage] = []
        self._models = CallModels(backend, cancellation=cancellation, deadline=deadline)
        self._pictures = pictures
        self._cancellation = cancellation
        self._largest = DecodeLimits(max_pixels=(limits or Limits()).max_pixels)

    @property
    def request_id(self) -> str:
        """Return the caller's identifier of the call, or the one that was drawn for it.

        The only source of chance: whatever is drawn is drawn from it, so that a repeated call is answered alike.
        """
        return self.identity.request_id

    @property
    def models(self) -> ModelRunner:
        """Return what runs models for this call, within its deadline."""
        return self._models

    def drawn_seed(self) -> int:
        """Draw a seed of 32 bits from the call's identifier, so that the call repeated is the call answered."""
        return int.from_bytes(hashlib.sha256(self.request_id.encode()).digest()[:4], "big")

    def used(self, model: str) -> InstalledModel | None:
        """Return what is known of a model that took part in this call; None where it did not."""
        return next((one for one in self._models.uses() if one.name == model), None)

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

        Names in use: `load`, `decode`, `analyse`, `operate`, `measure`, `identity`, `encode`, `store`.
        """
        self.check()
        started = time.perf_counter()
        try:
            yield
        finally:
            self._stages.append(Stage(name, time.perf_counter() - started))

    def measured(self, names: Sequence[str], result: Portrait, source: Portrait | None = None) -> tuple[Measure, ...]:
        """Take measures of plugins of a result, as stage `measure`; one that fails is NOT_MEASURABLE.

        Raises FieldOutOfRangeError for names that no plugin brings.
        """
        self.plugins.check_measures(names)
        if not names:
            return ()
        with self.stage("measure"):
            return self.plugins.take(names, result, source, seconds=self.remaining_seconds())

    def load(self, image: Image) -> bytes:
        """Return the encoded file that `image` holds or refers to, as stage `load`.

        Raises ArtifactExpiredError, UriNotAllowedError, UriUnreachableError, ImageTooLargeError (too many bytes at an
        address), FieldOutOfRangeError (no source given).
        """
        with self.stage("load"):
            return self._pictures.load(
                image, tenant=self.identity.tenant, cancellation=self._cancellation, deadline=self.deadline
            )

    def decode(self, encoded: bytes) -> Picture:
        """Decode a file that was loaded, as stage `decode`; one of more pixels than the capability takes is refused.

        Raises what `atelier_imaging.decode.decode` raises, ImageTooLargeError by the header alone.
        """
        with self.stage("decode"):
            return decode(encoded, self._largest)

    def store(self, encoded: Encoded, options: OutputOptions) -> Image:
        """Return the result as the caller wants it, as stage `store`: inline, or as an artifact.

        It is an artifact where `as_artifact` asks for it and where the result has more than 4 MiB. What the format
        could not hold becomes a note. Raises QuotaError.
        """
        self.notes.extend(encoded.notes)
        with self.stage("store"):
            return self._pictures.store(
                encoded, options, tenant=self.identity.tenant, cancellation=self._cancellation, deadline=self.deadline
            )

    def report(
        self,
        *,
        parameters: Mapping[str, object],
        source: ImageInfo | None = None,
        output: ImageInfo | None = None,
        faces: Sequence[Face] = (),
        selected: int | None = None,
        ita_degrees: Mapping[int, float] | None = None,
        include_mesh: bool = False,
        measures: Sequence[Measure] = (),
    ) -> Report:
        """Build the report that the response carries; call it last, models, timings and notes are the call's own.

        The parameters are those of `atelier_service.report.Findings`.
        """
        report = Report(
            request_id=self.identity.request_id,
            operation=self.identity.operation,
            service_version=self.identity.service_version,
            timings=timings(self._stages),
            models=[wire.model_use(model) for model in self._models.uses()],
            notes=dict.fromkeys(self.notes),  # each sentence once
        )
        Findings(parameters, source, output, faces, selected, ita_degrees, include_mesh, measures).fill(report)
        return report
