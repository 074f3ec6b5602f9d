"""StyleService: RPC in, RPC out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from atelier.v1 import style_pb2
from atelier_imaging.models import FACE_DETECTOR
from atelier_imaging.picture import Picture
from atelier_service.servicer import Preset, Servicer
from atelier_service.sitting import Outcome, Sitting

from atelier_style.apply import Plan, apply
from atelier_style.cube import write_cube
from atelier_style.grade_plan import export, plan_grade
from atelier_style.grain_plan import GrainAsk, plan_grain
from atelier_style.measures import measure
from atelier_style.presets import check_names, grades, stocks
from atelier_style.tone_plan import plan_tone
from atelier_style.wishes import grade_of, grain_of, tone_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atelier.v1.image_pb2 import Image
    from atelier.v1.report_pb2 import Report
    from atelier_imaging.face import Face
    from atelier_service.call import Call
    from atelier_service.sitting import EditRequest


class StyleServicer(Servicer):
    """Grade, grain and skin tone."""

    version = "0.1.0"

    def presets(self) -> Sequence[Preset]:
        """Return the grades and the film stocks."""
        looks = [Preset("grade", name, look.description) for name, look in grades().items()]
        return looks + [Preset("stock", name, stock.description) for name, stock in stocks().items()]

    def grade(self, request: style_pb2.GradeRequest, call: Call) -> style_pb2.GradeResponse:
        """Grade a picture."""
        done = _Work(request, call)
        image, report = done.carry_out(grade=request.grade)
        return style_pb2.GradeResponse(image=image, report=report, lut=done.lut)

    def grain(self, request: style_pb2.GrainRequest, call: Call) -> style_pb2.GrainResponse:
        """Draw grain over a picture."""
        done = _Work(request, call)
        image, report = done.carry_out(grain=request.grain)
        return style_pb2.GrainResponse(image=image, report=report)

    def skin_tone(self, request: style_pb2.SkinToneRequest, call: Call) -> style_pb2.SkinToneResponse:
        """Tone the skin of a face."""
        done = _Work(request, call)
        image, report = done.carry_out(tone=request.skin_tone)
        return style_pb2.SkinToneResponse(image=image, report=report)

    def apply(self, request: style_pb2.ApplyRequest, call: Call) -> style_pb2.ApplyResponse:
        """Tone skin, grade and draw grain in one pass."""
        done = _Work(request, call)
        image, report = done.carry_out(
            tone=request.skin_tone if request.HasField("skin_tone") else None,
            grade=request.grade if request.HasField("grade") else None,
            grain=request.grain if request.HasField("grain") else None,
        )
        return style_pb2.ApplyResponse(image=image, report=report, lut=done.lut)

    def canary(self, call: Call) -> None:
        """Run the face detector on a grey square and draw grain over it, and see that both say what they should."""
        scores = call.models.infer(FACE_DETECTOR, {"image": np.zeros((1, 128, 128, 3), np.float32)})["scores"]
        if not np.isfinite(scores).all() or not scores.any() or (scores > 0.0).any():
            raise RuntimeError("the face detector's scores on an even grey square are zeros, no numbers, or a face")
        picture = Picture.from_array(np.full((64, 64, 3), 128, np.uint8))
        grained = apply(picture, Plan(grain=plan_grain(GrainAsk(stock="tri_x_400", seed=1))))
        deviation = float(grained.pixels.std())
        if not 5.0 < deviation < 12.0:
            raise RuntimeError(f"grain on middle grey has a deviation of {deviation:.2f} instead of about 8")


class _Work:
    """One call: what is asked is planned, carried out in one pass, measured and given back."""

    def __init__(self, request: EditRequest, call: Call) -> None:
        self.lut = b""
        self._call = call
        self._sitting = Sitting(request, call)

    def carry_out(
        self,
        *,
        tone: style_pb2.SkinTone | None = None,
        grade: style_pb2.Grade | None = None,
        grain: style_pb2.Grain | None = None,
    ) -> tuple[Image, Report]:
        """Do what is asked for; answer the picture and the report."""
        check_names(
            grade.preset if grade is not None and grade.WhichOneof("look") == "preset" else None,
            grain.stock if grain is not None and grain.WhichOneof("source") == "stock" else None,
        )
        call, portrait = self._call, self._sitting.portrait
        face = self._sitting.face()
        plan = self._plan(face, tone, grade, grain)
        with call.stage("operate"):
            styled = apply(portrait.picture, plan, call.check)
        styled = self._sitting.kept(styled, face)
        with call.stage("measure"):
            measures = measure(portrait, styled, plan, face)
        return self._sitting.finish(Outcome(styled, plan.parameters, measures, plan.notes), face)

    def _plan(
        self,
        face: Face | None,
        tone: style_pb2.SkinTone | None,
        grade: style_pb2.Grade | None,
        grain: style_pb2.Grain | None,
    ) -> Plan:
        """Work out each part that is asked for."""
        call, portrait = self._call, self._sitting.portrait
        toned = tone_of(tone, call) if tone is not None else None
        graded = grade_of(grade, call) if grade is not None else None
        grained = grain_of(grain, call) if grain is not None else None
        with call.stage("operate"):
            plan = Plan(
                tone=plan_tone(toned, portrait, face) if toned is not None else None,
                grade=plan_grade(graded, portrait) if graded is not None else None,
                grain=plan_grain(grained) if grained is not None else None,
            )
            if plan.grade is not None and grade is not None and grade.export_lut:
                self.lut = write_cube(export(plan.grade, portrait.picture.space))
        return plan
