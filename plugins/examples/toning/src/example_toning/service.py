"""ToningService: RPC in, RPC out."""

from __future__ import annotations

import time
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from atelier.v1.image_pb2 import Image
from atelier.v1.report_pb2 import VERDICT_FAIL, VERDICT_PASS, Measure, Report, StageTiming, Threshold
from atelier_sdk.errors import (
    AtelierError,
    CancelledError,
    DeadlineTooShortError,
    FieldOutOfRangeError,
    FieldViolation,
    PresetUnknownError,
)

from example_toning import pictures, refusals, toning
from example_toning.toners import TONERS
from example_toning.v1.toning_pb2 import ToneRequest, ToneResponse
from example_toning.v1.toning_pb2_grpc import ToningServiceServicer

if TYPE_CHECKING:
    from collections.abc import Iterator

    import grpc
    import numpy as np
    from numpy.typing import NDArray

VERSION: Final = "0.1.0"
REQUEST_ID_KEY: Final = "x-request-id"
MAX_LUMINANCE_DIFFERENCE: Final = 0.006
"""Rounding to 8 bits moves linear luminance by up to 0.0045, at white: half a level; the rest is float32."""


class Toning(ToningServiceServicer):
    """Darkroom toning."""

    def __init__(self, max_pixels: int) -> None:
        self._max_pixels = max_pixels

    def Tone(self, request: ToneRequest, context: grpc.ServicerContext) -> ToneResponse:  # noqa: N802 (the RPC's name)
        """Tone a portrait."""
        try:
            return self._tone(request, Watch(context))
        except AtelierError as error:
            refusals.refuse(context, error)

    def _tone(self, request: ToneRequest, watch: Watch) -> ToneResponse:
        refusals.check(request)
        if request.image.WhichOneof("source") != "content":
            description = "this capability takes the bytes of a picture, not a reference to one"
            raise FieldOutOfRangeError("The picture is not inline.", violations=(FieldViolation("image", description),))
        if request.toner not in TONERS:
            raise PresetUnknownError(f"There is no toner {request.toner!r}; there are: {', '.join(TONERS)}.")
        strength = request.strength if request.HasField("strength") else 1.0
        highlights = request.highlights if request.HasField("highlights") else 0.5
        with watch.stage("decode"):
            picture = pictures.decode(request.image.content, self._max_pixels)
        with watch.stage("operate"):
            toned = toning.tone(picture.pixels, TONERS[request.toner], strength, highlights, watch.check)
        with watch.stage("measure"):
            measures = [luminance_measure(picture.pixels, toned)]
        with watch.stage("encode"):
            content, info = pictures.encode(picture, toned)
        report = Report(
            request_id=watch.request_id,
            operation="toning.tone",
            service_version=VERSION,
            input=picture.info,
            output=info,
            measures=measures,
            timings=watch.timings,
            notes=picture.notes,
        )
        report.parameters.update({"toner": request.toner, "strength": strength, "highlights": highlights})
        return ToneResponse(image=Image(content=content), report=report)


class Watch:
    """One call: whether it is still wanted, and how long its stages take."""

    def __init__(self, context: grpc.ServicerContext) -> None:
        self._context = context
        metadata = dict(context.invocation_metadata())
        self.request_id = str(metadata.get(REQUEST_ID_KEY) or uuid.UUID(int=0))
        self.timings: list[StageTiming] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage, unless nobody waits for it any more."""
        self.check()
        started = time.perf_counter()
        yield
        self.timings.append(StageTiming(stage=name, milliseconds=1000 * (time.perf_counter() - started)))

    def check(self) -> None:
        """Raise DeadlineTooShortError when the time is over, CancelledError when the caller has gone."""
        left: float | None = self._context.time_remaining()  # None where the caller set no deadline
        if left is not None and left <= 0:
            raise DeadlineTooShortError("The deadline passed while the call was worked on.")
        if not self._context.is_active():
            raise CancelledError("The caller cancelled.")


def luminance_measure(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> Measure:
    """Measure whether toning left luminance alone."""
    difference = toning.largest_luminance_difference(before, after)
    return Measure(
        name="luminance_difference",
        value=difference,
        unit="linear",
        threshold=Threshold(maximum=MAX_LUMINANCE_DIFFERENCE),
        verdict=VERDICT_PASS if difference <= MAX_LUMINANCE_DIFFERENCE else VERDICT_FAIL,
        explanation="The largest change of luminance; toning changes hue alone.",
    )
