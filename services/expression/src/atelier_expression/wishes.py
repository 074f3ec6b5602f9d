"""From messages to what is asked for: the one place where expression's requests are read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from atelier.v1 import face_pb2
from atelier_sdk.errors import FieldOutOfRangeError, FieldViolation

from atelier_expression.controls import CONTROLS_OF, Adjustment, Part
from atelier_expression.presets import expression

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atelier.v1 import expression_pb2

_PARTS: Final[Mapping[int, Part]] = {
    face_pb2.REGION_UNSPECIFIED: Part.ALL,
    face_pb2.REGION_FACE: Part.FACE,
    face_pb2.REGION_EYES: Part.EYES,
    face_pb2.REGION_LIPS: Part.LIPS,
    face_pb2.REGION_BROWS: Part.BROWS,
}
# Controls that pull one part both ways.
_OPPOSED: Final = (("smile", "mouth_corner"),)
# Lips that press this much do not let a jaw open.
_PRESSED: Final = 0.5


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked: the change, the name it came by, and the part that may move; `left_out` are controls of others."""

    asked: Adjustment
    name: str | None
    part: Part
    left_out: tuple[str, ...]


def wish_of(message: expression_pb2.ExpressionAdjustment) -> Wish:
    """Read an adjustment: a named expression, controls that go before its own, and the part that may move.

    Raises PresetUnknownError, and FieldOutOfRangeError that names all controls that contradict each other.
    """
    named = expression(message.expression) if message.expression else Adjustment()
    given = _given(message)
    asked = replace(named, **given)
    _refuse_contradictions(asked)
    part = _PARTS[message.region]
    outside = tuple(
        name for name in Adjustment.__dataclass_fields__ if getattr(asked, name) and name not in CONTROLS_OF[part]
    )
    unasked = {name: getattr(Adjustment(), name) for name in outside}
    return Wish(replace(asked, **unasked), message.expression or None, part, outside)


def _given(message: expression_pb2.ExpressionAdjustment) -> dict[str, float]:
    """Return the controls that a message holds; one eye's own goes before that of both."""
    given = {name: getattr(message, name) for name in Adjustment.__dataclass_fields__ if message.HasField(name)}  # type: ignore[arg-type]
    if message.HasField("eye_open"):
        given = dict.fromkeys(("left_eye_open", "right_eye_open"), message.eye_open) | given
    return given


def _refuse_contradictions(asked: Adjustment) -> None:
    violations = [
        FieldViolation(f"adjustment.{other}", f"{other} {getattr(asked, other):+g} works against {name}")
        for name, other in _OPPOSED
        if getattr(asked, name) * getattr(asked, other) < 0
    ]
    if asked.jaw_open > 0 and asked.facial_tension > _PRESSED:
        violations.append(FieldViolation("adjustment.jaw_open", "lips that press cannot open: lower facial_tension"))
    if violations:
        raise FieldOutOfRangeError(
            "; ".join(f"{violation.field}: {violation.description}" for violation in violations),
            metadata={"fields": ", ".join(violation.field for violation in violations)},
            violations=tuple(violations),
        )
