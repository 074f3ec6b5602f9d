from __future__ import annotations

from typing import TYPE_CHECKING

from atelier_imaging.measures import Verdict, identity_similarity
from atelier_sdk.errors import ModelNotInstalledError

from tests.services.imaging.identity.encoders import Brightness, darker, sitter

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray


class Missing:
    """No encoder."""

    def infer(self, model: str, inputs: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        assert inputs
        raise ModelNotInstalledError(f"The model {model} is not installed.")


def test_an_edit_that_changes_nothing_passes_at_1() -> None:
    portrait, face = sitter()
    measure = identity_similarity(portrait, face, portrait.picture, Brightness())
    assert (measure.name, measure.value, measure.verdict) == ("identity_similarity", 1.0, Verdict.PASS)


def test_the_verdict_falls_with_the_likeness() -> None:
    portrait, face = sitter()
    measures = [
        identity_similarity(portrait, face, darker(portrait.picture, share), Brightness()) for share in (0.05, 0.4, 0.9)
    ]
    assert [measure.verdict for measure in measures] == [Verdict.PASS, Verdict.WARN, Verdict.FAIL]
    assert "1 in" in measures[2].explanation


def test_without_an_encoder_nothing_is_guessed() -> None:
    portrait, face = sitter()
    measure = identity_similarity(portrait, face, darker(portrait.picture, 0.1), Missing())
    assert (measure.value, measure.verdict) == (None, Verdict.NOT_MEASURABLE)
    assert measure.explanation == "The model face_encoder is not installed."


def test_without_a_face_nothing_is_guessed() -> None:
    portrait, _ = sitter()
    measure = identity_similarity(portrait, None, portrait.picture, Brightness())
    assert (measure.value, measure.explanation) == (None, "The picture has no face.")
