"""How shape, texture and attributes of a population hang together: one normal distribution over all of them.

What is asked for is a condition on some of the numbers; all the others then follow the distribution that is left, which
for a normal distribution is known exactly (Bishop, "Pattern Recognition and Machine Learning", 2.3.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from atelier_generate.base.attributes import ATTRIBUTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

# The variance of what is asked, of what a face only goes with, and that of an average which nobody is like exactly.
_EXACT: Final = 1e-3
_ABOUT: Final = 0.1
_DAMPED: Final = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Sitters:
    """N drawn sitters: coefficients of shape (N, S) and texture (N, T), attributes (N, A) in standard deviations."""

    shape: NDArray[np.float32]
    texture: NDArray[np.float32]
    attributes: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Population:
    """The distribution, float32: `covariance` (D, D) of shape, texture and attributes, all of mean 0.

    `attribute_mean` (A,) and `attribute_deviation` (A,) are in the attributes' own units.
    """

    covariance: NDArray[np.float32]
    attribute_mean: NDArray[np.float32]
    attribute_deviation: NDArray[np.float32]
    shapes: int

    def levels(self, asked: Mapping[str, float]) -> dict[str, float]:
        """Bring attributes by name from their own units to standard deviations."""
        places = {name: ATTRIBUTES.index(name) for name in asked}
        return {
            name: (asked[name] - float(self.attribute_mean[place])) / float(self.attribute_deviation[place])
            for name, place in places.items()
        }

    def draw(
        self,
        asked: Mapping[str, float],
        noise: NDArray[np.float32],
        visible: NDArray[np.float32] | None = None,
        around: NDArray[np.float32] | None = None,
    ) -> Sitters:
        """Draw a sitter for each row of standard normal `noise` (N, D), with attributes `asked` in standard deviations.

        With `around` (T,), a texture, the sitters' own texture is about as it is in the directions `visible` (Q, T), so
        that skin, light and hairline of a face go with it. The same noise is the same sitter, moved no further than
        what is asked has to move them: drawn free first, then corrected (Matheron's rule; Wilson et al., "Efficiently
        Sampling Functions from Gaussian Process Posteriors", ICML 2020).
        """
        rows, values = self._rows(asked), np.array(list(asked.values()), np.float64)
        variances = np.full(len(asked), _EXACT)
        if visible is not None and around is not None:
            padded = np.zeros((len(visible), len(self.covariance)))
            padded[:, self.shapes : self._attributes] = visible
            rows, values = np.concatenate([rows, padded]), np.concatenate([values, visible @ around])
            variances = np.append(variances, np.full(len(visible), _ABOUT))
        free = noise @ self._root.T
        drawn = free + (values - free @ rows.T) @ self._gain(rows, variances).T
        sitters = np.asarray(drawn, np.float32)
        parts = np.split(sitters, [self.shapes, self._attributes], axis=1)
        return Sitters(*parts)

    def follows(self, change: Mapping[str, float]) -> NDArray[np.float32]:
        """Return what a change of attributes, in standard deviations, changes a texture (T,) by, on average."""
        gain = self._gain(self._rows(change), np.full(len(change), _DAMPED))
        moved = gain @ np.array(list(change.values()), np.float64)
        return np.asarray(moved[self.shapes : self._attributes], np.float32)

    @property
    def _attributes(self) -> int:
        return len(self.covariance) - len(ATTRIBUTES)

    def _rows(self, names: Iterable[str]) -> NDArray[np.float64]:
        """Return the rows (K, D) that read attributes off a sitter's numbers."""
        places = [self._attributes + ATTRIBUTES.index(name) for name in names]
        return np.eye(len(self.covariance))[places]

    @cached_property
    def _root(self) -> NDArray[np.float64]:
        """Return a square root (D, D) of the covariance."""
        values, vectors = np.linalg.eigh(self.covariance.astype(np.float64))
        return np.asarray(vectors * np.sqrt(np.maximum(values, 0)))

    def _gain(self, rows: NDArray[np.float64], variances: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how far all numbers go with each of those that `rows` (K, D) read, (D, K), with these errors (K,)."""
        whole = self.covariance.astype(np.float64)
        read = whole @ rows.T
        return np.asarray(np.linalg.solve(rows @ read + np.diag(variances), read.T).T)
