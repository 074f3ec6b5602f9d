"""ExpressionService: RPC in, RPC out."""

from __future__ import annotations

import functools
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from atelier.v1 import expression_pb2
from atelier_imaging.analysis import follow
from atelier_imaging.measures import Gate
from atelier_imaging.models import FACE_DETECTOR
from atelier_imaging.portrait import Portrait
from atelier_sdk.errors import NoFaceError
from atelier_service import wire
from atelier_service.servicer import Preset, Servicer
from atelier_service.sitting import Outcome, Sitting

from atelier_expression.adjust import Adjusted, Plan, adjust, plan_adjustment, reenact
from atelier_expression.limits import needs_reenactment
from atelier_expression.measures import measure
from atelier_expression.presets import expressions
from atelier_expression.reenact.parts import load
from atelier_expression.reenact.settings import ReenactmentSettings, read_settings
from atelier_expression.wishes import wish_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atelier_imaging.face import Face
    from atelier_imaging.picture import Picture
    from atelier_service.call import Call

    from atelier_expression.reenact.parts import Parts
    from atelier_expression.wishes import Wish

# An expression changes what an encoder sees more than light does: as published for reenactment.
IDENTITY = Gate(minimum=0.65, fail_below=0.5)


class ExpressionServicer(Servicer):
    """Expression, gaze and head pose."""

    version = "0.1.0"

    def __init__(self, settings: ReenactmentSettings | None = None) -> None:
        """Take the settings of a run, or read the environment's. Parts are loaded when they are first asked for."""
        chosen = settings or read_settings()
        self._loading = threading.Lock()
        self._load = functools.cache(functools.partial(load, chosen.folder))

    def _parts(self) -> Parts:
        """Return the reenactment parts. Raises what `load` raises."""
        with self._loading:
            return self._load()

    def presets(self) -> Sequence[Preset]:
        """Return the named expressions."""
        return [Preset("expression", name, each.description) for name, each in expressions().items()]

    def adjust(self, request: expression_pb2.AdjustRequest, call: Call) -> expression_pb2.AdjustResponse:
        """Change expression, gaze and pose of a face."""
        wish = wish_of(request.adjustment)
        parts = self._parts() if needs_reenactment(wish.asked) else None
        sitting = Sitting(request, call)
        face = sitting.face()
        if face is None:
            raise NoFaceError("There is no face in the picture.")
        work = _Work(wish, sitting.portrait, face, call, parts)
        done = work.of(sitting.kept_of(work.render, face, moves=True))
        with call.stage("measure"):
            found = done.found(call)
            measures = measure(sitting.portrait, done.adjusted, done.plan, found)
        outcome = Outcome(
            done.adjusted.picture,
            done.plan.parameters,
            measures,
            done.plan.notes,
            identity=IDENTITY,
            moved=Portrait.of_known(done.adjusted.picture, (found,) if found else (), call.models),
        )
        image, report = sitting.finish(outcome, face)
        result_face = wire.face(found, selected=True, include_mesh=request.include_mesh) if found else None
        return expression_pb2.AdjustResponse(image=image, report=report, result_face=result_face)

    def canary(self, call: Call) -> None:
        """Run the face detector on a grey square, and see that it answers and finds no face."""
        scores = call.models.infer(FACE_DETECTOR, {"image": np.zeros((1, 128, 128, 3), np.float32)})["scores"]
        if not np.isfinite(scores).all() or not scores.any() or (scores > 0.0).any():
            raise RuntimeError("the face detector's scores on an even grey square are zeros, no numbers, or a face")


@dataclass(frozen=True, slots=True, eq=False)
class _Done:
    """One adjustment that was carried out."""

    plan: Plan
    adjusted: Adjusted

    def found(self, call: Call) -> Face | None:
        """Measure the face anew where it is to be now."""
        scene = self.adjusted.scene
        if scene is None:
            return self.plan.face
        found = follow(self.adjusted.picture.pixels, scene.mesh, call.models, self.plan.face.confidence)
        return replace(found, index=self.plan.face.index) if found is not None else None


class _Work:
    """Adjustments of one face at whatever share of what was asked."""

    def __init__(self, wish: Wish, portrait: Portrait, face: Face, call: Call, parts: Parts | None) -> None:
        self._wish, self._portrait, self._face, self._call, self._parts = wish, portrait, face, call, parts
        self._done: list[_Done] = []

    def render(self, share: float) -> Picture:
        """Carry out that share of what was asked."""
        call = self._call
        with call.stage("operate"):
            wish = replace(self._wish, asked=self._wish.asked.times(share))
            plan = plan_adjustment(wish, self._portrait, self._face, call.models)
            if self._parts is not None and needs_reenactment(wish.asked):
                adjusted = reenact(self._portrait, plan, self._parts, call.models, call.check)
            else:
                adjusted = adjust(self._portrait, plan, call.check)
            self._done.append(_Done(plan, adjusted))
        return self._done[-1].adjusted.picture

    def of(self, picture: Picture) -> _Done:
        """Return the adjustment that a picture came of."""
        return next(done for done in reversed(self._done) if done.adjusted.picture is picture)
