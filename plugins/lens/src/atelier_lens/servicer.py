"""LensService: RPC in, RPC out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from atelier_imaging.analysis import follow
from atelier_imaging.models import PERSON_SEGMENTER
from atelier_imaging.portrait import Portrait
from atelier_service.servicer import Servicer
from atelier_service.sitting import Outcome, Sitting

from atelier_lens.aperture import kernel
from atelier_lens.ask import check
from atelier_lens.measures import measure
from atelier_lens.plan import plan_lens
from atelier_lens.render import Rendered, render
from atelier_lens.v1 import lens_pb2
from atelier_lens.wishes import lens_of

if TYPE_CHECKING:
    from atelier_imaging.face import Face
    from atelier_imaging.picture import Picture
    from atelier_service.call import Call

    from atelier_lens.plan import Plan


class LensServicer(Servicer):
    """Depth of field, background, perspective, distortion and vignette."""

    version = "0.1.0"

    def apply(self, request: lens_pb2.ApplyRequest, call: Call) -> lens_pb2.ApplyResponse:
        """Draw a portrait as through another lens."""
        ask = lens_of(request.lens, call)
        check(ask)
        sitting = Sitting(request, call)
        face = sitting.face()
        plan = plan_lens(ask, sitting.portrait, face)
        work = _Work(sitting.portrait, plan, call)
        rendered = work.of(sitting.kept_of(work.render, face, moves=ask.moves))
        with call.stage("measure"):
            found = _found(rendered, plan, call)
            measures = measure(sitting.portrait, rendered, plan, found)
        # Looked at as the floor's search looked at it: a face that was followed there reads a little differently.
        moved = Portrait(rendered.picture, call.models) if ask.moves else None
        outcome = Outcome(rendered.picture, plan.parameters, measures, _notes(plan), moved=moved)
        image, report = sitting.finish(outcome, face)
        return lens_pb2.ApplyResponse(image=image, report=report)

    def canary(self, call: Call) -> None:
        """Run the segmenter on an even grey square and look for people, and see that an aperture lets light through."""
        grey = np.full((1, 256, 256, 3), 0.5, np.float32)
        mask = call.models.infer(PERSON_SEGMENTER, {"image": grey})["mask"]
        if not np.isfinite(mask).all() or float(mask.mean()) > 0.5:
            raise RuntimeError("the segmenter sees a person on an even grey square, or answers no numbers")
        if abs(float(kernel(3.0).sum()) - 1) > 1e-5:
            raise RuntimeError("a round aperture does not keep the light")


class _Work:
    """A plan at whatever share of its strength."""

    def __init__(self, portrait: Portrait, plan: Plan, call: Call) -> None:
        self._portrait, self._plan, self._call = portrait, plan, call
        self._done: list[Rendered] = []

    def render(self, share: float) -> Picture:
        """Carry out that share of what was asked."""
        with self._call.stage("operate"):
            self._done.append(render(self._portrait, self._plan.weakened(share), self._call.check))
        return self._done[-1].picture

    def of(self, picture: Picture) -> Rendered:
        """Return what a picture came of."""
        return next(done for done in reversed(self._done) if done.picture is picture)


def _found(rendered: Rendered, plan: Plan, call: Call) -> Face | None:
    """Measure the face anew where it is to be now."""
    if not plan.ask.moves or rendered.mesh is None or plan.face is None:
        return plan.face
    found = follow(rendered.picture.pixels, rendered.mesh, call.models, plan.face.confidence)
    return replace(found, index=plan.face.index) if found is not None else None


def _notes(plan: Plan) -> tuple[str, ...]:
    """Say what a lens could not do to a picture that was taken already."""
    notes = []
    if plan.optics is not None and plan.ask.distance_m is None and plan.ask.aperture is not None:
        notes.append(
            f"The distance of {plan.optics.distance_mm / 1000:.2f} m is what this framing takes at "
            f"{plan.ask.focal_mm:g} mm on 36 x 24 mm; `distance_m` says otherwise."
        )
    if plan.before_mm is not None:
        notes.append("Perspective is the head's: shoulders and background stay where they are.")
    return tuple(notes)
