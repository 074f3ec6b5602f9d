"""InspectService: RPC in, RPC out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from atelier_imaging.encode import encode
from atelier_imaging.measures import Measure
from atelier_imaging.models import FACE_DETECTOR
from atelier_imaging.picture import Picture
from atelier_imaging.portrait import Portrait
from atelier_service import wire
from atelier_service.servicer import Servicer
from atelier_service.sitting import picture_of

from atelier_inspect.annotate import annotated
from atelier_inspect.critique import criticise
from atelier_inspect.v1 import inspect_pb2

if TYPE_CHECKING:
    from atelier.v1.image_pb2 import Image
    from atelier.v1.report_pb2 import Report
    from atelier_service.call import Call

    from atelier_inspect.critique import Critique, Finding


class InspectServicer(Servicer):
    """The realism critic."""

    version = "0.1.0"

    def inspect(self, request: inspect_pb2.InspectRequest, call: Call) -> inspect_pb2.InspectResponse:
        """Judge a face, and draw the evidence where that is asked for."""
        picture = picture_of(request.image, call)
        call.notes.extend(picture.source.notes)
        portrait = Portrait(picture, call.models)
        source = Portrait(picture_of(request.source, call), call.models) if request.HasField("source") else None
        with call.stage("analyse"):
            face = portrait.select(*wire.selection(request.face))
        with call.stage("measure"):
            critique = criticise(portrait, source, face)
        if source is not None and not critique.differences:
            call.notes.append("The source has another size than the picture: they were not compared.")
        image, info = None, None
        if request.annotate:
            with call.stage("operate"):
                drawn = Picture.from_array(annotated(picture, critique))
            with call.stage("encode"):
                encoded = encode(drawn, wire.encode_options(request.output))
            image, info = call.store(encoded, request.output), encoded.info
        report = call.report(
            parameters={"annotate": request.annotate},
            source=picture.source_info,
            output=info,
            faces=portrait.faces,
            selected=face.index,
        )
        return _response(critique, image, report)

    def canary(self, call: Call) -> None:
        """See that the face detector sees no face in a grey square."""
        scores = call.models.infer(FACE_DETECTOR, {"image": np.zeros((1, 128, 128, 3), np.float32)})["scores"]
        if not np.isfinite(scores).all() or not scores.any() or (scores > 0.0).any():
            raise RuntimeError("the face detector's scores on an even grey square are zeros, no numbers, or a face")


def _response(critique: Critique, image: Image | None, report: Report) -> inspect_pb2.InspectResponse:
    message = inspect_pb2.Critique(
        realism=critique.realism,
        verdict=f"VERDICT_{critique.verdict.name}",
        explanation=critique.explanation,
        tone=critique.classes[0],
        classes=critique.classes,
        findings=[_finding(finding) for finding in critique.findings],
        differences=[wire.measure(measure) for measure in critique.differences],
    )
    return inspect_pb2.InspectResponse(critique=message, annotated=image, report=report)


def _finding(found: Finding) -> inspect_pb2.Finding:
    measure = Measure(
        found.name, found.value, found.unit, found.minimum, found.maximum, found.verdict, None, found.box,
        found.explanation,
    )  # fmt: skip
    return inspect_pb2.Finding(
        measure=wire.measure(measure), percentile=found.percentile, weight=found.weight, credit=found.credit
    )
