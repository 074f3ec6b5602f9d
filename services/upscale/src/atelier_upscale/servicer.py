"""UpscaleService: RPC in, RPC out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from atelier.v1 import report_pb2, upscale_pb2
from atelier_imaging.identity import Resemblance
from atelier_imaging.measures import Gate
from atelier_imaging.models import FACE_DETECTOR
from atelier_imaging.portrait import Portrait
from atelier_sdk.errors import NoFaceError
from atelier_service.servicer import Preset, Servicer
from atelier_service.sitting import Outcome, Sitting

from atelier_upscale.measures import measure
from atelier_upscale.networks import draw, own_networks
from atelier_upscale.pace import Pace
from atelier_upscale.plan import plan_upscaling
from atelier_upscale.size import TARGETS
from atelier_upscale.upscaling import FINISHING, carry_out
from atelier_upscale.wishes import ask_of

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from atelier_imaging.face import Face
    from atelier_imaging.picture import Picture
    from atelier_service.call import Call
    from numpy.typing import NDArray

    from atelier_upscale.plan import Plan

    Responses = Generator[upscale_pb2.UpscaleResponse]


# How like its source an enlarged face stays.
IDENTITY = Gate(minimum=0.85, fail_below=0.5)


class UpscaleServicer(Servicer):
    """Enlargement to a size by name or by a scale."""

    version = "0.1.0"

    def __init__(self) -> None:
        """Know nothing yet of how long work takes here."""
        self._pace = Pace()

    def presets(self) -> Sequence[Preset]:
        """Return the sizes that have a name."""
        return [Preset("size", name, f"The long edge has {edge} pixels.") for name, edge in TARGETS.items()]

    def upscale(self, request: upscale_pb2.UpscaleRequest, call: Call) -> Responses:
        """Enlarge a picture; say after each batch of tiles how far it is."""
        ask = ask_of(request.upscaling, call)
        sitting = Sitting(request, call)
        with call.stage("plan"):
            plan = plan_upscaling(sitting.portrait, ask, call.models)
        face = sitting.face()
        if request.identity_floor > 0:
            _refuse_unmeasurable(sitting.portrait, face, call)
        with call.stage("operate"):
            larger = yield from self._drawn(plan, sitting.portrait.picture, call)
        yield _progress("measure", 0, 1)
        started = time.monotonic()
        found = Portrait(larger, call.models)
        with call.stage("measure"):
            measures = measure(sitting.portrait, found, plan, face)
        outcome = Outcome(larger, plan.parameters, measures, plan.notes, identity=IDENTITY)
        image, report = sitting.finish(outcome, face)
        self._pace.take(FINISHING, plan.result.pixels, time.monotonic() - started)
        yield upscale_pb2.UpscaleResponse(result=upscale_pb2.UpscaleResult(image=image, report=report))

    def canary(self, call: Call) -> None:
        """Enlarge an edge, and see that it is one, and that the face detector sees no face in a grey square."""
        scores = call.models.infer(FACE_DETECTOR, {"image": np.zeros((1, 128, 128, 3), np.float32)})["scores"]
        if not np.isfinite(scores).all() or not scores.any() or (scores > 0.0).any():
            raise RuntimeError("the face detector's scores on an even grey square are zeros, no numbers, or a face")
        edge = np.full((1, 64, 64, 3), 0.25, np.float32)
        edge[:, :, 32:] = 0.75
        for ratio in (2.0, 4.0):
            networks = own_networks(ratio)
            for model in (networks.faithful, networks.restore):
                _check_edge(model, draw(call.models, model, edge), networks.factor)

    def _drawn(self, plan: Plan, picture: Picture, call: Call) -> Generator[upscale_pb2.UpscaleResponse, None, Picture]:
        """Carry the plan out and say how far it is."""
        yield _progress("tile", 0, plan.tiles)
        drawing = carry_out(plan, picture, call, self._pace)
        while True:
            try:
                done = next(drawing)
            except StopIteration as end:
                larger: Picture = end.value
                return larger
            yield _progress("tile", done, plan.tiles)


def _progress(stage: str, done: int, total: int) -> upscale_pb2.UpscaleResponse:
    progress = report_pb2.Progress(stage=stage, steps_done=done, steps_total=total)
    return upscale_pb2.UpscaleResponse(progress=progress)


def _refuse_unmeasurable(portrait: Portrait, face: Face | None, call: Call) -> None:
    """Refuse an identity floor that could not be held, before there is work to be lost.

    Raises NoFaceError, FaceTooSmallError or ModelNotInstalledError.
    """
    if face is None:
        raise NoFaceError("An identity floor needs a face, and the picture has none.")
    Resemblance(portrait.picture, face, call.models, call.encoder)


def _check_edge(model: str, drawn: NDArray[np.float32], factor: int) -> None:
    """Raise RuntimeError unless an edge between 0.25 and 0.75 is one in its enlargement."""
    left, right = drawn[0, :, : 24 * factor].mean(), drawn[0, :, 40 * factor :].mean()
    if drawn.shape[1:] != (64 * factor, 64 * factor, 3) or abs(left - 0.25) > 0.05 or abs(right - 0.75) > 0.05:
        raise RuntimeError(f"{model} makes {left:.2f} | {right:.2f} of an edge between 0.25 and 0.75")
