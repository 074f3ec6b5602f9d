"""The safety policies of plugins, before anything is drawn and after each candidate is."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
from atelier_sdk import Candidate, PlannedGeneration
from google.protobuf import json_format

if TYPE_CHECKING:
    from atelier_service.call import Call

    from atelier_generate.backend import Drawn, Sketch
    from atelier_generate.commission import Commission


def prepared(commission: Commission, call: Call) -> Commission:
    """Have what is about to be drawn judged; the words may come out changed.

    Raises PolicyRefusedError, PolicyFailedError.
    """
    generation, prompt = commission.request.generation, commission.composed.prompt
    planned = PlannedGeneration(
        request_id=call.request_id,
        tenant=call.identity.tenant,
        prompt=prompt.text,
        negative_prompt=prompt.negative_text,
        direction=json_format.MessageToDict(generation.direction, preserving_proto_field_name=True),
        candidates=generation.candidates,
        references=len(generation.references) + bool(generation.profile),
    )
    judged = call.plugins.prepare(planned)
    if judged.prompt == planned.prompt and judged.negative_prompt == planned.negative_prompt:
        return commission
    return _reworded(commission, judged)


def finished(drawn: Drawn, sketch: Sketch, call: Call) -> Drawn:
    """Have a candidate judged; pixels and notes may come out changed. Raises as `prepared`."""
    candidate = Candidate(
        request_id=call.request_id,
        tenant=call.identity.tenant,
        index=drawn.candidate,
        seed=sketch.seed,
        pixels=drawn.pixels,
        notes=drawn.notes,
    )
    judged = call.plugins.finish(candidate)
    if judged is candidate:
        return drawn
    return dataclasses.replace(drawn, pixels=np.asarray(judged.pixels, np.float32), notes=tuple(judged.notes))


def _reworded(commission: Commission, judged: PlannedGeneration) -> Commission:
    composed = type(commission.composed)()
    composed.CopyFrom(commission.composed)
    composed.prompt.text, composed.prompt.negative_text = judged.prompt, judged.negative_prompt
    sketches = tuple(
        dataclasses.replace(sketch, prompt=judged.prompt, negative_prompt=judged.negative_prompt)
        for sketch in commission.sketches
    )
    return dataclasses.replace(commission, composed=composed, sketches=sketches)
