"""Curves and figures of a verification: what share of strangers is accepted, what share of the person is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from atelier_training_identity.gathering import Sitter

    Distances = NDArray[np.float64]

RATES = (1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 0.97, 0.99)
REJECTS = (0.99, 0.9, 0.7, 0.5, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
# Individual typology angle in degrees, from above which down: classes of Chardon et al. (1991), the rarer ones joined.
SKIN = {"light": (41.0, 90.0), "intermediate": (28.0, 41.0), "tan": (10.0, 28.0), "brown and dark": (-90.0, 10.0)}
# The probability from which a face is taken to read as male, or as female.
SURE = 0.8


def between_people(embeddings: NDArray[np.float32]) -> Distances:
    """Return the distances of all pairs of different people, rising, from one embedding (people, length) of each."""
    values = embeddings.astype(np.float64)
    squares = (values**2).sum(axis=1)
    squared = squares[:, None] + squares[None] - 2 * values @ values.T
    return np.sort(np.sqrt(np.maximum(squared[np.triu_indices(len(values), 1)], 0)))


def within_people(sitters: Sequence[Sitter], names: Sequence[str]) -> Distances:
    """Return the distances of variations from their portraits, rising."""
    found = [
        float(np.linalg.norm(sitter.variations[name].astype(np.float64) - sitter.embedding))
        for sitter in sitters
        for name in names
        if name in sitter.variations
    ]
    return np.sort(np.array(found))


def false_accepts(strangers: Distances) -> list[tuple[float, float]]:
    """Return distances and the share of strangers up to each, as far down as at least two pairs lie there."""
    rates = [rate for rate in RATES if rate * len(strangers) >= 2]
    return [(round(float(np.quantile(strangers, rate)), 5), rate) for rate in rates]


def false_rejects(same: Distances) -> list[tuple[float, float]]:
    """Return distances, rising, and the share of one person's pairs beyond each."""
    rates = [rate for rate in REJECTS if rate * len(same) >= 2]
    return [(round(float(np.quantile(same, 1 - rate)), 5), rate) for rate in rates]


def equal_error_rate(strangers: Distances, same: Distances) -> tuple[float, float]:
    """Return the rate at which as many strangers are accepted as pairs of one person refused, and its distance."""
    candidates = np.union1d(strangers, same)
    accepted = np.searchsorted(strangers, candidates, side="right") / len(strangers)
    refused = 1 - np.searchsorted(same, candidates, side="right") / len(same)
    best = int(np.argmin(np.abs(accepted - refused)))
    return float((accepted[best] + refused[best]) / 2), float(candidates[best])


def accuracy(strangers: Distances, same: Distances, threshold: float) -> float:
    """Return the share of right decisions at a distance, strangers and pairs of one person counting alike."""
    accepted = np.searchsorted(strangers, threshold, side="right") / len(strangers)
    refused = 1 - np.searchsorted(same, threshold, side="right") / len(same)
    return float(1 - (accepted + refused) / 2)


def by_skin(sitters: Sequence[Sitter]) -> dict[str, list[Sitter]]:
    """Sort people into classes of skin; those whose portraits have no colour are left out."""
    return {
        name: [one for one in sitters if one.ita_degrees is not None and low < one.ita_degrees <= high]
        for name, (low, high) in SKIN.items()
    }


def by_sex(sitters: Sequence[Sitter]) -> dict[str, list[Sitter]]:
    """Sort people by how their faces read; those that read as neither for sure are left out."""
    return {
        "reads as male": [one for one in sitters if one.male > SURE],
        "reads as female": [one for one in sitters if one.male < 1 - SURE],
    }


def of_group(sitters: Sequence[Sitter], names: Sequence[str], threshold: float) -> dict[str, float]:
    """Return how many people a group has, and what is accepted and refused within it at a distance."""
    strangers, same = between_people(np.stack([one.embedding for one in sitters])), within_people(sitters, names)
    return {
        "people": len(sitters),
        "false_accept_rate": round(float((strangers <= threshold).mean()), 6),
        "false_reject_rate": round(float((same > threshold).mean()), 6),
        "median_distance_of_strangers": round(float(np.median(strangers)), 4),
        "median_distance_of_one_person": round(float(np.median(same)), 4),
    }
