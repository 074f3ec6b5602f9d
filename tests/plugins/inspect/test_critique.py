"""What the critic says of a photograph and of faults made in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from atelier_imaging.measures import Verdict
from atelier_imaging.picture import Picture
from atelier_imaging.portrait import Portrait
from atelier_inspect.catalogue import SPECS
from atelier_inspect.critique import criticise
from atelier_sdk.errors import NoFaceError

from benchmarks.inspect_controls import CONTROLS

if TYPE_CHECKING:
    from atelier_imaging.models import ModelRunner
    from atelier_inspect.critique import Critique


@pytest.fixture(scope="module")
def photograph(astronaut: Portrait) -> Critique:
    """The critique of the untouched photograph."""
    return criticise(astronaut)


def value(critique: Critique, name: str) -> float:
    found = next(finding for finding in critique.findings if finding.name == name).value
    assert found is not None
    return found


def test_the_weights_are_shares_of_one() -> None:
    assert sum(spec.weight for spec in SPECS) == pytest.approx(1.0)


def test_a_photograph_looks_real(photograph: Critique) -> None:
    assert photograph.verdict is Verdict.PASS
    assert photograph.realism is not None
    assert photograph.realism > 0.9
    assert not [finding.name for finding in photograph.findings if finding.verdict is Verdict.FAIL]


def test_every_measure_says_where_and_what(photograph: Critique) -> None:
    assert [finding.name for finding in photograph.findings] == [spec.name for spec in SPECS]
    assert all(finding.explanation.endswith(".") for finding in photograph.findings)
    unplaced = {finding.name for finding in photograph.findings if finding.box is None}
    assert unplaced <= {"noise"}


def test_a_larger_photograph_is_judged_alike(astronaut: Portrait, photograph: Critique, models: ModelRunner) -> None:
    large = cv2.resize(astronaut.picture.pixels, (1536, 1536), interpolation=cv2.INTER_CUBIC)
    critique = criticise(Portrait(Picture.from_array(np.asarray(large)), models))
    assert critique.verdict is Verdict.PASS
    assert not [finding.name for finding in critique.findings if finding.verdict is Verdict.FAIL]
    # An enlargement has no pores at 64 pixels between the pupils that 43 did not have.
    assert value(critique, "skin_texture") == pytest.approx(value(photograph, "skin_texture"), abs=1.0)


@pytest.mark.parametrize("name", ["skin blurred", "half face mirrored", "unsharp mask", "shading flattened", "JPEG"])
def test_a_fault_moves_its_measure_the_more_the_stronger_it_is(
    name: str, astronaut: Portrait, photograph: Critique, models: ModelRunner
) -> None:
    make, measure = CONTROLS[name]
    spec = next(spec for spec in SPECS if spec.name == measure)
    sign = 1 if spec.odd == "high" else -1
    values = [value(photograph, measure)]
    for strength in (0, 2):
        faulty = astronaut.picture.with_pixels(make(astronaut, strength))
        values.append(value(criticise(Portrait.of_known(faulty, astronaut.faces, models)), measure))
    assert [sign * each for each in values] == sorted(sign * each for each in values)


def test_plastic_skin_costs_the_score(astronaut: Portrait, photograph: Critique, models: ModelRunner) -> None:
    faulty = astronaut.picture.with_pixels(CONTROLS["skin blurred"][0](astronaut, 2))
    critique = criticise(Portrait.of_known(faulty, astronaut.faces, models), astronaut)
    assert critique.realism is not None
    assert photograph.realism is not None
    assert critique.realism < photograph.realism - 0.1
    assert "plastic" in critique.explanation
    assert [each.name for each in critique.differences] == ["texture_ratio"] * 3 + ["skin_delta_e"]


def test_the_critic_says_the_same_twice(astronaut: Portrait, photograph: Critique) -> None:
    assert criticise(astronaut) == photograph


def test_a_picture_without_a_face_is_refused(models: ModelRunner) -> None:
    with pytest.raises(NoFaceError):
        criticise(Portrait(Picture.from_array(np.full((256, 256, 3), 128, np.uint8)), models))
