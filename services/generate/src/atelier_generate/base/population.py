"""How shape, texture and attributes of a population hang together: one normal distribution over all of them.

What is asked for is a condition on some of the numbers; all the others then follow the distribution that is left, which
for a normal distribution is known exactly (Bishop, "Pattern Recognition and Machine Learning", 2.3.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from atelier_generate.base.attributes import ATTRIBUTES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Sitters:
    """N drawn sitters: coefficients of shape (N, S) and texture (N, T), attributes (N, A) in standard deviations."""

    shape: NDArray[np.float32]
    texture: NDArray[np.float32]
    attributes: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Population:
    """The distribution, float32: `covariance` (D, D) of shape, texture and attributes, all of mean 0.

    Attributes are standardised by `attribute_mean` (A,) and `attribute_deviation` (A,).
    """

    covariance: NDArray[np.float32]
    attribute_mean: NDArray[np.float32]
    attribute_deviation: NDArray[np.float32]
    shapes: int

    def standard(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Bring attributes (…, A) in their own units to standard deviations."""
        return np.asarray((values - self.attribute_mean) / self.attribute_deviation, np.float32)

    def draw(self, asked: Mapping[str, float], noise: NDArray[np.float32]) -> Sitters:
        """Draw a sitter for each row of standard normal `noise` (N, D), with attributes `asked` in their own units.

        The same noise is the same sitter, moved no further than what is asked has to move them: drawn free first, then
        corrected (Matheron's rule; Wilson et al., "Efficiently Sampling Functions from Gaussian Process Posteriors",
        ICML 2020).
        """
        start = len(self.covariance) - len(ATTRIBUTES)
        places = [ATTRIBUTES.index(name) for name in asked]
        given = [start + place for place in places]
        values = np.array(list(asked.values()), np.float64)
        level = (values - self.attribute_mean[places]) / self.attribute_deviation[places]
        free = noise @ self._root.T
        drawn = free + (level - free[:, given]) @ self._gain(given).T
        rows = np.asarray(drawn, np.float32)
        return Sitters(rows[:, : self.shapes], rows[:, self.shapes : start], rows[:, start:])

    @cached_property
    def _root(self) -> NDArray[np.float64]:
        """Return a square root (D, D) of the covariance."""
        values, vectors = np.linalg.eigh(self.covariance.astype(np.float64))
        return np.asarray(vectors * np.sqrt(np.maximum(values, 0)))

    def _gain(self, given: list[int]) -> NDArray[np.float64]:
        """Return how far each number (D,) goes with each of those that are given, (D, G)."""
        whole = self.covariance.astype(np.float64)
        known = whole[np.ix_(given, given)] + 1e-4 * np.eye(len(given))
        return np.asarray(np.linalg.solve(known, whole[given]).T)
