"""How examples are drawn: by what they show, whatever else the machine does meanwhile."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# Tests do not time themselves. Hypothesis does by default: an example has a deadline, and drawing it a budget.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")
