"""What the service says on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier.v1 import generate_pb2, image_pb2, report_pb2
from atelier_imaging.encode import EncodeOptions, encode
from atelier_imaging.formats import ImageFormat
from atelier_imaging.picture import Picture
from atelier_service import wire

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atelier_service.call import Call

    from atelier_generate.backend import Preview, Step
    from atelier_generate.commission import Commission
    from atelier_generate.selection import Finished

_PREVIEW_PIXELS: Final = 256
_PREVIEW: Final = EncodeOptions(format=ImageFormat.JPEG, quality=80)


def progress(stage: str, done: int, total: int) -> generate_pb2.GenerateResponse:
    """Say how far a stage is."""
    told = report_pb2.Progress(stage=stage, steps_done=done, steps_total=total)
    return generate_pb2.GenerateResponse(progress=told)


def step(event: Step) -> generate_pb2.GenerateResponse:
    """Say how far the drawing is."""
    return progress("denoise", event.done, event.total)


def preview(event: Preview) -> generate_pb2.GenerateResponse:
    """Show a candidate in the making, as a JPEG whose long edge is at most 256 pixels."""
    height, width = event.pixels.shape[:2]
    scale = min(1.0, _PREVIEW_PIXELS / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = np.asarray(cv2.resize(event.pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    image = image_pb2.Image(content=encode(Picture.from_array(small), _PREVIEW).data)
    return generate_pb2.GenerateResponse(preview=generate_pb2.Preview(candidate_index=event.candidate, image=image))


def candidate(finished: Finished) -> generate_pb2.GenerateResponse:
    """Hand out a candidate."""
    told = generate_pb2.Candidate(
        index=finished.index,
        seed=finished.seed,
        image=finished.image,
        measures=map(wire.measure, finished.measures),
    )
    return generate_pb2.GenerateResponse(candidate=told)


def result(
    commission: Commission, ranking: Sequence[Finished], call: Call, *, include_mesh: bool
) -> generate_pb2.GenerateResponse:
    """Answer the first of a ranking, with the report on it."""
    best = ranking[0]
    call.notes.extend(best.notes)
    report = call.report(
        parameters={
            **best.record.values(),
            "candidates": commission.request.generation.candidates,
            "first_seed": commission.request.generation.seed,
            "candidate": best.index,
        },
        output=best.info,
        faces=best.faces,
        selected=0 if best.faces else None,
        ita_degrees=best.tones,
        include_mesh=include_mesh,
        measures=best.measures,
    )
    told = generate_pb2.GenerateResult(
        image=best.image, ranking=[one.index for one in ranking], composed=commission.composed, report=report
    )
    return generate_pb2.GenerateResponse(result=told)
