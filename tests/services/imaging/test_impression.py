from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from atelier_imaging.impression import AGE_DEVIATION_YEARS, EXPRESSIONS, Impression, impressions
from atelier_imaging.measures.impression import apparent_age_shift, expression_shift

from tests.services.imaging.identity.encoders import sitter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


class Sided:
    """Networks that read a face as happy and 30, and its mirror image as neutral and 40."""

    def infer(self, model: str, inputs: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        assert inputs["image"].shape == (2, 112, 112, 3)
        assert np.array_equal(inputs["image"][1], inputs["image"][0][:, ::-1])
        if model == "face_expression":
            return {"probabilities": np.eye(7, dtype=np.float32)[[1, 0]]}
        return {"age": np.array([[30], [40]], np.float32), "sex": np.array([[0.2, 0.8], [0.4, 0.6]], np.float32)}


def test_a_reading_is_the_mean_of_a_face_and_its_mirror_image_and_says_how_far_they_disagree() -> None:
    portrait, face = sitter()
    (read,) = impressions(portrait.picture.pixels, [face], Sided())
    assert (read.expression["happy"], read.expression["neutral"], read.expression_deviation) == (0.5, 0.5, 0.5)
    assert read.age_years == 35.0
    assert read.male == pytest.approx(0.3)
    assert read.age_deviation_years == pytest.approx(np.hypot(AGE_DEVIATION_YEARS, 5))


def test_no_face_asks_no_network() -> None:
    portrait, _ = sitter()
    assert impressions(portrait.picture.pixels, [], Sided()) == []


def impression(age: float, **expression: float) -> Impression:
    return Impression(dict.fromkeys(EXPRESSIONS, 0.0) | expression, 0.02, age, 6.0, 0.5)


def test_the_shifts_say_what_the_face_reads_as_and_how_sure_that_is() -> None:
    before, after = impression(40, neutral=0.9, happy=0.1), impression(37.5, neutral=0.2, happy=0.8)
    age, expression = apparent_age_shift(before, after), expression_shift(before, after)
    assert age.value == -2.5
    assert expression.value == pytest.approx(0.7)
    assert age.explanation == "The face reads as 38 ± 6 years old, 2.5 years younger than before."
    assert expression.explanation == "The face reads as happy (80 ± 2 %), before neutral."
