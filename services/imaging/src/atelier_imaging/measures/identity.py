"""Whether it is still the same person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atelier_sdk.errors import FaceTooSmallError, ModelNotInstalledError, NoFaceError

from atelier_imaging.identity.calibration import similarity_of_rate
from atelier_imaging.identity.resemblance import Resemblance
from atelier_imaging.measures.measure import Gate, Measure, judged, not_measurable
from atelier_imaging.region import Region

if TYPE_CHECKING:
    from atelier_imaging.face import Face
    from atelier_imaging.identity.encoder import Encoder
    from atelier_imaging.models import ModelRunner
    from atelier_imaging.picture import Picture
    from atelier_imaging.portrait import Portrait

# Passes where fewer than 1 in 100,000 strangers are as alike, fails where 1 in 1,000 is. Operations that promise more
# have gates of their own.
IDENTITY_SIMILARITY: Final = Gate(minimum=similarity_of_rate(1e-5), fail_below=similarity_of_rate(1e-3))
_NAME, _UNIT = "identity_similarity", "cosine"
# What keeps the measure from being taken, and is the picture's or the installation's.
UNMEASURABLE: Final = (ModelNotInstalledError, NoFaceError, FaceTooSmallError)


def identity_similarity(
    source: Portrait,
    face: Face | None,
    edited: Picture | Portrait,
    models: ModelRunner,
    gate: Gate | None = IDENTITY_SIMILARITY,
    encoder: Encoder | None = None,
) -> Measure:
    """Measure how alike the face of an edit is to that of its source, on the scale of `identity.calibration`.

    `face` is the source's, None where it has none. An edit that keeps every feature in its place is given as a
    `Picture` and costs one batch of the encoder; one that moves the face is given as a `Portrait`, whose face is found
    anew. Raises what `ModelRunner.infer` raises but for a missing encoder, which makes it NOT_MEASURABLE.
    """
    if face is None:
        return not_measurable(_NAME, _UNIT, gate, "The picture has no face.", Region.FACE)
    try:
        return resemblance_measure(Resemblance(source.picture, face, models, encoder), edited, gate)
    except UNMEASURABLE as error:
        return not_measurable(_NAME, _UNIT, gate, str(error), Region.FACE)


def resemblance_measure(resemblance: Resemblance, edited: Picture | Portrait, gate: Gate | None) -> Measure:
    """Measure an edit against a face that is embedded already. Raises what `Resemblance.similarity` raises."""
    value = resemblance.similarity(edited)
    rate = resemblance.calibration.false_accept_rate(value)
    bound = "fewer than " if rate <= resemblance.calibration.finest_rate else ""
    explanation = f"Similarity {value:.2f}: {bound}{_one_in(rate)} pairs of different people are as alike."
    return judged(_NAME, value, _UNIT, gate, explanation, Region.FACE)


def _one_in(rate: float) -> str:
    return f"1 in {1 / max(rate, 1e-9):,.0f}"
