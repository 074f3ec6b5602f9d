"""The RPCs of edit: Enhance and Relight."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from atelier.v1 import edit_pb2
from atelier_imaging.models import FACE_DETECTOR
from atelier_service.servicer import Servicer
from atelier_service.sitting import Outcome, Sitting

from atelier_edit.enhance.bands import collapsed, local_bands
from atelier_edit.enhance.measures import enhance_measures
from atelier_edit.enhance.operation import enhance
from atelier_edit.enhance.plan import plan_enhance
from atelier_edit.wishes import enhancement_of, refuse_identity_floor

if TYPE_CHECKING:
    from atelier_service.call import Call


class EditServicer(Servicer):
    """Facial detail and light."""

    version = "0.1.0"

    def enhance(self, request: edit_pb2.EnhanceRequest, call: Call) -> edit_pb2.EnhanceResponse:
        """Bring out the detail of a face."""
        if request.identity_floor > 0:
            refuse_identity_floor()
        ask = enhancement_of(request.enhancement)
        sitting = Sitting(request, call)
        face, portrait = sitting.face(), sitting.portrait
        with call.stage("operate"):
            plan = plan_enhance(ask, portrait, face, call.check)
            enhanced = enhance(portrait.picture, plan, call.check)
        with call.stage("measure"):
            measures = enhance_measures(portrait, enhanced, plan)
        image, report = sitting.finish(Outcome(enhanced, plan.parameters, measures, plan.notes), plan.face)
        return edit_pb2.EnhanceResponse(image=image, report=report)

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
