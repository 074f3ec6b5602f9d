"""The person to draw: portraits or an identity profile, and how like them a candidate is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
from atelier_imaging.identity import MIN_INTEROCULAR_PIXELS, embedding_of
from atelier_imaging.measures import Gate, Measure, judged, not_measurable
from atelier_imaging.portrait import Portrait
from atelier_imaging.region import Region
from atelier_sdk.errors import (
    AtelierError,
    FailedPreconditionError,
    FieldViolation,
    IdentityBelowFloorError,
    InvalidArgumentError,
    ModelNotInstalledError,
)
from atelier_service.sitting import picture_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atelier.v1.image_pb2 import Image
    from atelier_imaging.face import Face
    from atelier_imaging.identity import Calibration, Embedding
    from atelier_imaging.picture import Picture
    from atelier_service.call import Call

SIMILARITY: Final = "identity_similarity"
_MIN_INTEROCULAR_PIXELS: Final = 24.0
_MAX_YAW_DEGREES: Final = 40.0


class Person(Protocol):
    """Somebody whom candidates are to be like."""

    def similarity(self, candidate: Portrait, face: Face) -> float | None:
        """Return the similarity, -1 to 1, of a candidate's face; None where it cannot be told."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Referenced:
    """A person whom portraits show: as like as the root mean square of the distances to all of them says."""

    pictures: tuple[Picture, ...]
    embeddings: tuple[Embedding, ...]
    calibration: Calibration
    call: Call

    @classmethod
    def of(cls, images: Sequence[Image], call: Call) -> Referenced:
        """Load the portraits and find the largest face of each, as stages `load`, `decode` and `analyse`.

        Raises the error of the first that cannot serve, naming every such one by its place, and ModelNotInstalledError
        where no calibrated encoder is installed.
        """
        calibration = call.encoder.calibration
        if calibration is None:
            raise ModelNotInstalledError(
                f"The face encoder {call.encoder.model} has no calibration; its distances mean nothing.",
                metadata={"model": call.encoder.model},
            )
        portraits: list[Portrait] = []
        refusals: dict[int, AtelierError] = {}
        for position, image in enumerate(images):
            try:
                portraits.append(_usable(image, call))
            except (FailedPreconditionError, InvalidArgumentError) as refusal:
                refusals[position] = refusal
        if refusals:
            raise _refused(refusals)
        with call.stage("identity"):
            embeddings = tuple(
                embedding_of(one.picture.pixels, one.faces[0], call.models, call.encoder) for one in portraits
            )
        return cls(tuple(one.picture for one in portraits), embeddings, calibration, call)

    def similarity(self, candidate: Portrait, face: Face) -> float | None:
        """Compare a candidate with every reference."""
        if face.interocular_pixels < MIN_INTEROCULAR_PIXELS:
            return None
        found = embedding_of(candidate.picture.pixels, face, self.call.models, self.call.encoder)
        distances = [found.distance(known) for known in self.embeddings]
        return self.calibration.similarity(float(np.sqrt(np.mean(np.square(distances)))))


def similarity_measure(people: Sequence[Person], candidate: Portrait, floor: float) -> Measure | None:
    """Measure how like the person a candidate is, of several sources the least; None where nobody was asked for."""
    if not people:
        return None
    gate = Gate(minimum=floor) if floor > 0 else None
    if not candidate.faces:
        return not_measurable(SIMILARITY, "cosine", gate, "The candidate has no face.", Region.FACE)
    known = [value for one in people if (value := one.similarity(candidate, candidate.faces[0])) is not None]
    if len(known) < len(people):
        why = "The candidate's face is too small or too far turned to be compared."
        return not_measurable(SIMILARITY, "cosine", gate, why, Region.FACE)
    explanation = f"Similarity {min(known):.2f} to the person that was asked for."
    return judged(SIMILARITY, min(known), "cosine", gate, explanation, Region.FACE)


def below_floor(best: float | None, floor: float, backend: str) -> IdentityBelowFloorError:
    """Say that no candidate is enough like the person."""
    reached = "none could be compared" if best is None else f"the most alike reaches {best:.3f}"
    return IdentityBelowFloorError(
        f"No candidate is as like the person as identity_floor asks, {floor:g}: {reached}. Draw more candidates, ask "
        f"for a lower floor, or draw with a backend that takes references ({backend} was used).",
        metadata={"floor": f"{floor:g}", "backend": backend} | ({} if best is None else {"similarity": f"{best:.3f}"}),
    )


def _usable(image: Image, call: Call) -> Portrait:
    portrait = Portrait(picture_of(image, call), call.models)
    with call.stage("analyse"):
        portrait.require_face(
            portrait.select(), min_interocular_pixels=_MIN_INTEROCULAR_PIXELS, max_yaw_degrees=_MAX_YAW_DEGREES
        )
    return portrait


def _refused(refusals: dict[int, AtelierError]) -> AtelierError:
    first = next(iter(refusals.values()))
    return type(first)(
        " ".join(f"Reference {position}, counted from 0: {one.message}" for position, one in refusals.items()),
        metadata=first.metadata | {"positions": ", ".join(map(str, refusals))},
        violations=tuple(
            FieldViolation(f"generation.references[{position}]", one.message) for position, one in refusals.items()
        ),
    )
