"""The critique as readings, for the reports of other services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from atelier_imaging.measures import Verdict
from atelier_sdk import Reading
from atelier_sdk.errors import NoFaceError

from atelier_inspect.critique import PASS_FROM, criticise

if TYPE_CHECKING:
    from atelier_imaging.face import Box
    from atelier_sdk import View

    from atelier_inspect.critique import Critique, Finding

_WORDS: dict[Verdict, Literal["unspecified", "pass", "warn", "fail", "not_measurable"]] = {
    Verdict.UNSPECIFIED: "unspecified",
    Verdict.PASS: "pass",
    Verdict.WARN: "warn",
    Verdict.FAIL: "fail",
    Verdict.NOT_MEASURABLE: "not_measurable",
}


def realism(view: View) -> list[Reading]:
    """Return the score alone."""
    try:
        critique = criticise(view.result)
    except NoFaceError as error:
        return [Reading("realism", None, "score", error.message, "not_measurable")]
    return [_score(critique)]


def findings(view: View) -> list[Reading]:
    """Return the score and every measure behind it."""
    try:
        critique = criticise(view.result)
    except NoFaceError as error:
        return [Reading("realism", None, "score", error.message, "not_measurable")]
    return [_score(critique), *map(_reading, critique.findings)]


def _score(critique: Critique) -> Reading:
    verdict = _WORDS[critique.verdict]
    return Reading("realism", critique.realism, "score", critique.explanation, verdict, minimum=PASS_FROM)


def _reading(finding: Finding) -> Reading:
    return Reading(
        finding.name,
        finding.value,
        finding.unit,
        finding.explanation,
        _WORDS[finding.verdict],
        finding.minimum,
        finding.maximum,
        _box(finding.box),
    )


def _box(box: Box | None) -> tuple[int, int, int, int] | None:
    return None if box is None else (round(box.left), round(box.top), round(box.width), round(box.height))
