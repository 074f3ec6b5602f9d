"""Compose: the prompt that Generate would draw from, and how it came about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atelier.v1 import generate_pb2

from atelier_client.direction import direction_of
from atelier_client.session import new_request_id
from atelier_client.steps import Method, Operation, Steps, call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atelier_client.direction import Value
    from atelier_client.session import Session

_COMPOSE = Method("/atelier.v1.GenerateService/Compose", generate_pb2.ComposeRequest, generate_pb2.ComposeResponse)


def compose(
    session: Session,
    text: str = "",
    *,
    preset: str = "",
    fields: Mapping[str, Value] | None = None,
    family: str = "",
    deadline_seconds: float | None = None,
) -> Steps[generate_pb2.ComposedPrompt]:
    """Write the prompt of a brief in one's own words, and say what was understood, guessed and ignored.

    `preset` fills the fields that are left open; `fields` are structured ones by their short names (`age`, `light` …).
    `family` names the models that the prompt is phrased for; without it, those of the service's own.

    Errors: AtelierCallError (PRESET_UNKNOWN, FIELD_OUT_OF_RANGE …); ValueError for a field that nobody knows.
    """
    operation = Operation.begin(session, new_request_id(), deadline_seconds)
    request = generate_pb2.ComposeRequest(direction=direction_of(text, preset, fields), family=family)
    answer = yield from call(operation, _COMPOSE, request)
    return answer.composed
