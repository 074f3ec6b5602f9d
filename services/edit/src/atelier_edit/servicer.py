"""The RPCs of edit: Enhance and Relight."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
from atelier.v1 import edit_pb2
from atelier_imaging.measures import Gate
from atelier_imaging.models import FACE_DETECTOR
from atelier_service.servicer import Preset, Servicer
from atelier_service.sitting import Outcome, Sitting

from atelier_edit.diffusion.editor import Editor
from atelier_edit.diffusion.relighting import Redrawn, redraw
from atelier_edit.diffusion.settings import DiffusionSettings
from atelier_edit.enhance.bands import collapsed, local_bands
from atelier_edit.enhance.measures import enhance_measures
from atelier_edit.enhance.operation import enhance
from atelier_edit.enhance.plan import plan_enhance
from atelier_edit.enhance.restoration import Restored, as_it_is, restored
from atelier_edit.light.finish import FINISHES
from atelier_edit.light.patterns import moods, patterns
from atelier_edit.limits import editable_face
from atelier_edit.relight import relight
from atelier_edit.relight_ask import check_ask
from atelier_edit.relight_measures import relight_measures
from atelier_edit.relight_plan import plan_relight
from atelier_edit.wishes import enhancement_of, relighting_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atelier_imaging.face import Face
    from atelier_imaging.portrait import Portrait
    from atelier_service.call import Call

    from atelier_edit.enhance.plan import EnhanceAsk
    from atelier_edit.relight_ask import RelightAsk
    from atelier_edit.relight_plan import RelightPlan


# Detail leaves a face nearly as alike as it was. New light does not: relighting keeps the gate of every edit.
ENHANCE_IDENTITY: Final = Gate(minimum=0.90, fail_below=0.5)


class EditServicer(Servicer):
    """Facial detail and light."""

    version = "0.1.0"

    def __init__(self, settings: DiffusionSettings | None = None) -> None:
        """Make the servicer of a backend: light is computed, unless the settings name a network that draws it."""
        chosen = settings or DiffusionSettings()
        self._editor = Editor(chosen, chosen.family) if chosen.family is not None else None

    def presets(self) -> Sequence[Preset]:
        """Return the patterns and moods of light, and how skin may mirror it."""
        return [
            *(Preset("pattern", name, one.description) for name, one in patterns().items()),
            *(Preset("mood", name, one.description) for name, one in moods().items()),
            *(Preset("finish", name, one.description) for name, one in FINISHES.items()),
        ]

    def enhance(self, request: edit_pb2.EnhanceRequest, call: Call) -> edit_pb2.EnhanceResponse:
        """Bring out the detail of a face."""
        ask = enhancement_of(request.enhancement)
        sitting = Sitting(request, call)
        face, portrait = editable_face(sitting.portrait, sitting.face()), sitting.portrait
        with call.stage("operate"):
            drawn = self._restored(ask, portrait, face, call)
            plan = plan_enhance(ask, drawn.portrait, drawn.face, call.check)
            picture = enhance(drawn.portrait.picture, plan, call.check)
        picture = sitting.kept(picture, face)
        with call.stage("measure"):
            plan = replace(plan, face=face, reach=np.maximum(plan.reach, drawn.reach))
            measures = enhance_measures(portrait, picture, plan)
        parameters, notes = {**plan.parameters, **drawn.parameters}, (*drawn.notes, *plan.notes)
        outcome = Outcome(picture, parameters, measures, notes, identity=ENHANCE_IDENTITY)
        image, report = sitting.finish(outcome, face)
        return edit_pb2.EnhanceResponse(image=image, report=report)

    def relight(self, request: edit_pb2.RelightRequest, call: Call) -> edit_pb2.RelightResponse:
        """Light a portrait anew."""
        ask = relighting_of(request.relighting, call)
        check_ask(ask)
        sitting = Sitting(request, call)
        face, portrait = editable_face(sitting.portrait, sitting.face()), sitting.portrait
        with call.stage("operate"):
            plan = plan_relight(ask, portrait, face)
            relit = self._relit(ask, plan, portrait, face, call)
        picture = sitting.kept(relit.picture, face)
        with call.stage("measure"):
            measures = relight_measures(portrait, picture, plan, face)
        outcome = Outcome(picture, {**plan.parameters, **relit.parameters}, measures, (*plan.notes, *relit.notes))
        image, report = sitting.finish(outcome, face)
        return edit_pb2.RelightResponse(image=image, report=report)

    def canary(self, call: Call) -> None:
        """Run the face detector on a grey square and look for detail in a known one, and see that both are right."""
        scores = call.models.infer(FACE_DETECTOR, {"image": np.zeros((1, 128, 128, 3), np.float32)})["scores"]
        if not np.isfinite(scores).all() or not scores.any() or (scores > 0.0).any():
            raise RuntimeError("the face detector's scores on an even grey square are zeros, no numbers, or a face")
        waves = 0.02 * np.sin(np.arange(64, dtype=np.float32) * np.float32(np.pi / 2)) + 0.5
        detail = collapsed(local_bands(np.tile(np.float32(waves), (64, 1))).detail)
        amplitude = float(np.abs(detail[16:-16, 16:-16]).max())
        if not 0.015 < amplitude < 0.025:
            raise RuntimeError(f"waves of 0.02 are found as detail of {amplitude:.4f}")

    def _relit(self, ask: RelightAsk, plan: RelightPlan, portrait: Portrait, face: Face, call: Call) -> Redrawn:
        """Throw the light, by arithmetic or by the network that is installed for it."""
        if self._editor is None:
            return Redrawn(relight(portrait, plan, call.check), {}, ())
        seed = call.drawn_seed()
        return redraw(ask, plan, portrait, face, self._editor, call.models, seed=seed, check=call.check)

    def _restored(self, ask: EnhanceAsk, portrait: Portrait, face: Face, call: Call) -> Restored:
        """Let a network draw in what the picture lacks, where that is allowed."""
        if not ask.flexible:
            return as_it_is(portrait, face)
        return restored(portrait, face, self._editor, call.models, seed=call.drawn_seed(), check=call.check)
