"""An edit is held to its gates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from atelier_imaging.graft import Policy, held
from atelier_imaging.measures import Gate, Measure, judged, not_measurable
from atelier_sdk.errors import GateBrokenError

if TYPE_CHECKING:
    from atelier_imaging.vips import Pixels

GATE = Gate(maximum=50, fail_above=100)


def apply(strength: float) -> Pixels:
    return np.full((1, 1, 3), round(200 * strength), np.uint8)


def measure(pixels: Pixels) -> list[Measure]:
    return [judged("level", float(pixels.max()), "levels", GATE, "That bright.")]


def test_an_edit_that_passes_keeps_its_strength() -> None:
    result = held(lambda strength: apply(strength / 4), measure)
    assert (result.strength, result.measures[0].value) == (1.0, 50)


def test_an_edit_that_fails_is_lessened_until_it_does_not() -> None:
    result = held(lambda strength: apply(strength * 0.8), measure)
    assert result.strength == 0.6
    assert result.measures[0].value == pytest.approx(96)


def test_an_edit_that_always_fails_is_an_error_that_says_by_how_much() -> None:
    with pytest.raises(GateBrokenError, match=r"level at 40 %") as raised:
        held(lambda _: apply(1), measure)
    assert raised.value.metadata == {"measure": "level", "measured": "200", "strength": "0.4", "maximum": "50"}


def test_where_it_is_asked_the_first_failure_is_the_error() -> None:
    with pytest.raises(GateBrokenError, match=r"100 %"):
        held(apply, measure, Policy.FAIL)


def test_what_cannot_be_measured_stops_nothing() -> None:
    result = held(apply, lambda _: [not_measurable("level", "levels", GATE, "It is dark.")])
    assert result.strength == 1.0
