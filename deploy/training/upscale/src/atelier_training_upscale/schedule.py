"""The learning rate as a function of time spent, so that a run ends annealed however busy the machine was."""

from __future__ import annotations

import math

PEAK = 1e-3
FLOOR = 2e-6
WARM_UP = 0.01
SPECIALISE_AT = 0.35  # of the time: until then both networks are one


def learning_rate(spent: float) -> float:
    """Return the rate after the share `spent`, 0 to 1, of the time: a short rise, then half a cosine."""
    if spent < WARM_UP:
        return PEAK * max(spent / WARM_UP, 0.02)
    progress = min((spent - WARM_UP) / (1 - WARM_UP), 1)
    return FLOOR + (PEAK - FLOOR) * (1 + math.cos(math.pi * progress)) / 2
