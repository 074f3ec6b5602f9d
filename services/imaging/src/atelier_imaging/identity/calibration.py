"""What an encoder's distances mean: the share of different people that are as near, and one scale for all encoders.

Similarity is a cosine on the scale of an encoder whose different people have a normal distribution around 0: at a
similarity s, a share of Φ(−s / 0.1175) of pairs of different people are at least as alike. So 0.363, the published
threshold of SFace, stands for 1 in 1,000, and the same value stands for the same rate whatever the encoder. What is
rarer than the rarest rate that was measured is extrapolated up to 0.9; from there a straight line leads to 1, which
is no distance at all.

| similarity | 0 | 0.151 | 0.273 | 0.363 | 0.437 | 0.501 |
|---|---|---|---|---|---|---|
| different people as alike | 1 in 2 | 1 in 10 | 1 in 100 | 1 in 1,000 | 1 in 10,000 | 1 in 100,000 |
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

# SFace's published threshold is set to 1 in 1,000; everything else on the scale follows from that.
SPREAD: Final = 0.363 / NormalDist().inv_cdf(0.999)
_LEAST_SIMILAR: Final = -1.0
# Rates below the measured ones are extrapolated along the curve below this rate, up to this similarity.
_TAIL_FROM, _TAIL_TO = 0.01, 0.9


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """An encoder's curve of false accepts, and of false rejects.

    `distances` float64 (N,), rising, are the encoder's own; `false_accept_rates` (N,) the share of pairs of different
    people that are at most so far apart, rising. `reject_distances` and `false_reject_rates` say the same of pairs of
    one person that are further apart, falling. `pairs` is how many different people's pairs were counted.
    """

    distances: NDArray[np.float64]
    false_accept_rates: NDArray[np.float64]
    reject_distances: NDArray[np.float64]
    false_reject_rates: NDArray[np.float64]
    pairs: int

    @classmethod
    def read(cls, said: Mapping[str, object]) -> Calibration:
        """Take a calibration from JSON. Raises ValueError unless the curves rise and fall as they must."""
        accepts, rejects = np.array(said["false_accepts"], np.float64), np.array(said["false_rejects"], np.float64)
        made = cls(accepts[:, 0], accepts[:, 1], rejects[:, 0], rejects[:, 1], int(str(said["pairs"])))
        for array in (made.distances, made.false_accept_rates, made.reject_distances, made.false_reject_rates):
            array.flags.writeable = False
        rising = all((np.diff(array) > 0).all() for array in (made.distances, made.false_accept_rates))
        if not rising or made.distances[0] <= 0 or not 0 < made.false_accept_rates[0] < made.false_accept_rates[-1] < 1:
            raise ValueError("a curve of false accepts rises from above 0 to below 1")
        return made

    @property
    def finest_rate(self) -> float:
        """Return the lowest false-accept rate that was measured; below it the scale is extrapolated."""
        return float(self.false_accept_rates[0])

    def similarity(self, distance: float) -> float:
        """Return the similarity, -1 to 1, of two faces that are that far apart."""
        distances, similarities = self._knots()
        if distance > distances[-1]:  # beyond the curve: on along its last stretch
            slope = (similarities[-1] - similarities[-2]) / (distances[-1] - distances[-2])
            return float(max(similarities[-1] + slope * (distance - distances[-1]), _LEAST_SIMILAR))
        return float(np.interp(distance, distances, similarities))

    def distance(self, similarity: float) -> float:
        """Return the distance that a similarity stands for; the inverse of `similarity`, within the curve."""
        distances, similarities = self._knots()
        return float(np.interp(similarity, similarities[::-1], distances[::-1]))

    def false_accept_rate(self, similarity: float) -> float:
        """Return the share of pairs of different people that are at least as alike.

        Below `finest_rate` nothing was measured: that rate itself is returned, and the true one is lower.
        """
        return max(rate_of_similarity(similarity), self.finest_rate)

    def false_reject_rate(self, similarity: float) -> float:
        """Return the share of pairs of one person that are less alike, of the variations that were calibrated on."""
        distance = self.distance(similarity)
        return float(np.interp(distance, self.reject_distances, self.false_reject_rates))

    def _knots(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return distances, rising from 0, and the similarity of each, falling from 1."""
        known = [similarity_of_rate(float(rate)) for rate in self.false_accept_rates]
        # The tail goes on as straight as it was measured from 1 in 100 on: as a normal distribution's would.
        bend = max(int(np.searchsorted(self.false_accept_rates, _TAIL_FROM)), 1)
        slope = (known[bend] - known[0]) / (self.distances[bend] - self.distances[0])
        tail = self.distances[0] + (_TAIL_TO - known[0]) / slope
        if not 0 < tail < self.distances[0]:
            return np.concatenate([[0.0], self.distances]), np.array([1.0, *known])
        return np.concatenate([[0.0, tail], self.distances]), np.array([1.0, _TAIL_TO, *known])


def similarity_of_rate(false_accept_rate: float) -> float:
    """Return the similarity at which that share of different people's pairs are at least as alike."""
    return -SPREAD * NormalDist().inv_cdf(false_accept_rate)


def rate_of_similarity(similarity: float) -> float:
    """Return the share of different people's pairs that are at least as alike, by the definition of the scale."""
    return NormalDist().cdf(-similarity / SPREAD)
