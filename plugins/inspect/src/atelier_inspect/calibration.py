"""What values real portraits have: quantiles, of all and of classes of people, from a file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from atelier_inspect.catalogue import Side, Spec

# The shares of real portraits that the stored quantiles stand for: dense at the ends, where verdicts are made.
SHARES: Final = (
    0.0,
    0.005,
    0.01,
    0.02,
    0.05,
    0.1,
    0.2,
    0.3,
    0.4,
    0.5,
    0.6,
    0.7,
    0.8,
    0.9,
    0.95,
    0.98,
    0.99,
    0.995,
    1.0,
)
# Those that are kept of classes of people: a class only widens what is usual, so that its middle is not asked.
ENDS: Final = tuple(share for share in SHARES if not 0.1 < share < 0.9)
# Warns where fewer real portraits than this are as odd, and fails beyond that by so much of the distance between the
# warning and the most usual tenth: tails of a few hundred portraits must not be read further than they reach.
WARN_SHARE: Final = 0.02
_USUAL_SHARE: Final = 0.1
_BEYOND: Final = 0.25
# Classes with fewer portraits say nothing about their tails; all portraits stand in for them. Of so many the lowest is,
# on average, a little above the share that warns; and a class only widens what passes.
FEWEST_IN_CLASS: Final = 25
ALL: Final = "all"


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where a value warns and where it fails on either side; None where that side is open."""

    warn_low: float | None = None
    warn_high: float | None = None
    fail_low: float | None = None
    fail_high: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Quantiles by measure and class of people, and the colours of skin.

    `quantiles[measure][class]` are values at `SHARES`, of classes other than `ALL` at `ENDS`; `colour_mean` (2,) and
    `colour_inverse` (2, 2) are mean and inverse covariance of a* and b* of skin.
    """

    quantiles: Mapping[str, Mapping[str, NDArray[np.float64]]]
    colour_mean: NDArray[np.float64]
    colour_inverse: NDArray[np.float64]

    def percentile(self, name: str, value: float) -> float:
        """Return the share of real portraits with a lower value, 0..100."""
        return float(100 * np.interp(value, _rising(self.quantiles[name][ALL]), SHARES))

    def rarity(self, spec: Spec, value: float, people: Sequence[str] = ()) -> float:
        """Return the share of real portraits that are at least as odd, 0..1, of the class that it is rarest least in.

        Shares above a tenth are not told apart in classes.
        """
        return max(
            _tail(value, _rising(found), ENDS if name != ALL else SHARES, spec.odd)
            for name, found in self._known(spec, people)
        )

    def bounds(self, spec: Spec, people: Sequence[str] = ()) -> Bounds:
        """Return where a measure warns and fails for classes of people: the widest of theirs and everybody's."""
        each = [_bounds(found, ENDS if name != ALL else SHARES, spec.odd) for name, found in self._known(spec, people)]
        return Bounds(
            warn_low=_widest(min, [one.warn_low for one in each]),
            warn_high=_widest(max, [one.warn_high for one in each]),
            fail_low=_widest(min, [one.fail_low for one in each]),
            fail_high=_widest(max, [one.fail_high for one in each]),
        )

    def _known(self, spec: Spec, people: Sequence[str]) -> list[tuple[str, NDArray[np.float64]]]:
        """Return the quantiles of everybody and of those classes that have enough portraits."""
        known = self.quantiles[spec.name]
        return [(name, known[name]) for name in (ALL, *people) if name in known]

    def colour_distance(self, colours: NDArray[np.float64]) -> float:
        """Return how far a colour (2,) is from those of real portraits, in standard deviations (Mahalanobis)."""
        apart = colours - self.colour_mean
        return float(np.sqrt(apart @ self.colour_inverse @ apart))


def read(document: Mapping[str, Any]) -> Calibration:
    """Read a calibration from its JSON. Any: JSON."""
    quantiles = {
        name: {people: np.array(values, np.float64) for people, values in classes.items()}
        for name, classes in document["quantiles"].items()
    }
    colour = document["colour"]
    return Calibration(quantiles, np.array(colour["mean"]), np.array(colour["inverse_covariance"]))


@cache
def default() -> Calibration:
    """Return the calibration that comes with the plugin."""
    return read(json.loads(resources.files("atelier_inspect").joinpath("calibration.json").read_text("utf-8")))


def _rising(quantiles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Make equal quantiles rise a little, so that a value can be looked up among them."""
    return np.maximum.accumulate(quantiles + np.arange(len(quantiles)) * 1e-12)


def _tail(value: float, quantiles: NDArray[np.float64], shares: Sequence[float], odd: Side) -> float:
    below = float(np.interp(value, quantiles, shares))
    return {"low": below, "high": 1 - below, "both": min(below, 1 - below)}[odd]


def _bounds(quantiles: NDArray[np.float64], shares: Sequence[float], odd: Side) -> Bounds:
    low, high = (WARN_SHARE, _USUAL_SHARE), (1 - WARN_SHARE, 1 - _USUAL_SHARE)
    warn_low, fail_low = _beyond(quantiles, shares, *low) if odd != "high" else (None, None)
    warn_high, fail_high = _beyond(quantiles, shares, *high) if odd != "low" else (None, None)
    return Bounds(warn_low, warn_high, fail_low, fail_high)


def _beyond(quantiles: NDArray[np.float64], shares: Sequence[float], warn: float, usual: float) -> tuple[float, float]:
    at_warn, at_usual = (float(np.interp(share, shares, quantiles)) for share in (warn, usual))
    return at_warn, at_warn + _BEYOND * (at_warn - at_usual)


def _widest(choose: Callable[[list[float]], float], values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return choose(known) if known else None
