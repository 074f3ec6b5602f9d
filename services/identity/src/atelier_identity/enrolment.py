"""From portraits of one person to a profile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from atelier_imaging.identity import similarity_of_rate
from atelier_imaging.measures import Gate, Measure, judged, not_measurable
from atelier_imaging.region import Region
from atelier_sdk.errors import FieldViolation, ReferencesDisagreeError

from atelier_identity import proportions
from atelier_identity.profile import Profile, References

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atelier_imaging.identity import Calibration
    from numpy.typing import NDArray

    from atelier_identity.profile import EncoderId

# Two references are of one person if at most this share of pairs of different people is as much alike.
SAME_PERSON_RATE: Final = 0.001


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """What one portrait shows: its embedding, float32 (D,), its proportions by feature, its skin's typology angle."""

    embedding: NDArray[np.float32]
    proportions: dict[str, float]
    ita_degrees: float | None


def enrol(name: str, references: Sequence[Reference], calibration: Calibration, encoder: EncoderId) -> Profile:
    """Make a profile of portraits that show one person.

    Raises ReferencesDisagreeError that names those which show another one than the most of them.
    """
    embeddings = np.stack([reference.embedding for reference in references])
    distances = distances_between(embeddings)
    strangers = odd_ones(distances, calibration.distance(similarity_of_rate(SAME_PERSON_RATE)))
    if strangers:
        raise _disagreement(strangers, len(references))
    angles = [reference.ita_degrees for reference in references if reference.ita_degrees is not None]
    return Profile(
        display_name=name,
        reference_count=len(references),
        references=summed_up(embeddings, calibration, encoder),
        proportions=proportions.mean_of([reference.proportions for reference in references]),
        ita_degrees=float(np.mean(angles)) if angles else None,
    )


def summed_up(embeddings: NDArray[np.float32], calibration: Calibration, encoder: EncoderId) -> References:
    """Sum embeddings (N, D) of one person up: mean, spread, and how closely they agree."""
    mean = embeddings.mean(axis=0)
    spread = float(np.sqrt(np.mean(np.sum((embeddings - mean) ** 2, axis=1))))
    agreement = None
    if len(embeddings) > 1:
        apart = distances_between(embeddings)[np.triu_indices(len(embeddings), 1)]
        agreement = float(np.mean([calibration.similarity(float(one)) for one in apart]))
    return References(encoder, mean, spread, agreement)


def distances_between(embeddings: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the distances (N, N) between embeddings (N, D)."""
    return np.asarray(np.linalg.norm(embeddings[:, None] - embeddings[None], axis=2), np.float64)


def odd_ones(distances: NDArray[np.float64], same_person: float) -> tuple[int, ...]:
    """Return the positions of references that do not belong to the largest group of one person.

    Two belong together if their distance is at most `same_person`, or if others link them: a profile may span years. Of
    two groups of one size the one with the earlier reference is the person.
    """
    unseen, groups = set(range(len(distances))), []
    while unseen:
        group, frontier = set(), {min(unseen)}
        while frontier:
            group |= frontier
            unseen -= frontier
            frontier = {other for other in unseen if (distances[other, sorted(frontier)] <= same_person).any()}
        groups.append(group)
    person = max(groups, key=len)
    return tuple(sorted(set(range(len(distances))) - person))


def agreement_measures(references: Sequence[Reference], calibration: Calibration) -> tuple[Measure, ...]:
    """Measure how alike each reference is to the one that is most like it."""
    name, unit, gate = "reference_similarity", "cosine", Gate(minimum=similarity_of_rate(SAME_PERSON_RATE))
    if len(references) == 1:
        why = "There is only one reference; nothing can be said of how well it agrees."
        return (not_measurable(name, unit, gate, why, Region.FACE),)
    distances = distances_between(np.stack([reference.embedding for reference in references]))
    np.fill_diagonal(distances, np.inf)
    return tuple(
        judged(
            name,
            calibration.similarity(float(row.min())),
            unit,
            gate,
            f"Reference {position} is most like reference {int(row.argmin())}.",
            Region.FACE,
        )
        for position, row in enumerate(distances)
    )


def _disagreement(strangers: tuple[int, ...], count: int) -> ReferencesDisagreeError:
    listed = ", ".join(map(str, strangers))
    rest = "the first" if count == 2 else "most of the others"
    return ReferencesDisagreeError(
        f"Not all references show one person: {listed}, counted from 0, do not fit {rest}."
        if len(strangers) > 1
        else f"Not all references show one person: reference {listed}, counted from 0, does not fit {rest}.",
        metadata={"positions": listed, "references": str(count)},
        violations=tuple(
            FieldViolation(f"references[{position}]", f"shows another person than {rest}") for position in strangers
        ),
    )
