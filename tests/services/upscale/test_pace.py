"""How long work takes, and what is refused for it."""

from __future__ import annotations

import pytest
from atelier_sdk.errors import DeadlineTooShortError
from atelier_upscale.pace import Pace, refuse_if_late


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_nothing_is_known_before_anything_is_measured() -> None:
    assert Pace(Clock()).seconds("tile", 1_000_000) == 0.0


def test_time_goes_by_pixels_and_by_kind() -> None:
    pace = Pace(Clock())
    pace.take("tile", 250_000, 0.5)
    assert pace.seconds("tile", 1_000_000) == pytest.approx(2.0)
    assert pace.seconds("other", 1_000_000) == 0.0


def test_what_was_measured_long_ago_counts_for_less() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.take("tile", 100, 1.0)
    clock.now = 300.0
    assert pace.seconds("tile", 100) < 0.01


def test_a_deadline_is_refused_with_the_figures_only_where_it_cannot_hold_what_is_left() -> None:
    refuse_if_late(needed=2.9, left=3.0, tiles=4)
    with pytest.raises(DeadlineTooShortError) as caught:
        refuse_if_late(needed=5.0, left=3.0, tiles=4)
    assert caught.value.metadata == {"left_seconds": "3.00", "needed_seconds": "5.00", "tiles": "4"}
