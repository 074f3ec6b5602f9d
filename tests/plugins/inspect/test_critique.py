"""What the critic says of a photograph and of faults made in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from atelier_imaging.impression import FACE_AGE, FACE_EXPRESSION
from atelier_imaging.measures import Verdict
from atelier_imaging.picture import Picture
from atelier_imaging.portrait import Portrait
from atelier_inspect.catalogue import SPECS
from atelier_inspect.critique import criticise
from atelier_sdk.errors import ModelNotInstalledError, NoFaceError

from benchmarks.inspect_controls import CONTROLS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atelier_imaging.models import ModelRunner
    from atelier_inspect.critique import Critique
    from numpy.typing import NDArray


@pytest.fixture(scope="module")
def photograph(astronaut: Portrait) -> Critique:
    """The critique of the untouched photograph."""
    return criticise(astronaut)


class WithoutImpressions:
    """The installed models but those for age, sex and expression."""

    def __init__(self, models: ModelRunner) -> None:
        self._models = models

    def infer(self, model: str, inputs: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        if model in (FACE_AGE, FACE_EXPRESSION):
            raise ModelNotInstalledError(f"{model} is not installed.")
        return self._models.infer(model, inputs)


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


def test_what_is_said_of_eyes_and_mouth_is_shown_there(astronaut: Portrait, photograph: Critique) -> None:
    boxes = {finding.name: finding.box for finding in photograph.findings}
    eyes, mouth, face = boxes["eyes_open"], boxes["mouth_closed"], astronaut.select().box
    assert eyes is not None
    assert mouth is not None
    assert face.top < eyes.top
    assert eyes.top + eyes.height < mouth.top
    assert mouth.top + mouth.height < face.top + face.height
    assert max(eyes.width, mouth.width) < face.width


def test_an_enlargement_fails_by_its_detail_alone(
    astronaut: Portrait, photograph: Critique, models: ModelRunner
) -> None:
    large = cv2.resize(astronaut.picture.pixels, (1536, 1536), interpolation=cv2.INTER_CUBIC)
    critique = criticise(Portrait(Picture.from_array(np.asarray(large)), models))
    assert [finding.name for finding in critique.findings if finding.verdict is Verdict.FAIL] == ["fine_detail"]
    # An enlargement has no pores at 64 pixels between the pupils that 43 did not have.
    assert value(critique, "skin_texture") == pytest.approx(value(photograph, "skin_texture"), abs=1.0)


FAULTS = [
    "skin blurred",
    "out of focus",
    "painted (median)",
    "smoothed (bilateral)",
    "half face mirrored",
    "unsharp mask",
    "shading flattened",
    "JPEG",
]


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_moves_its_measure_the_more_the_stronger_it_is(
    name: str, astronaut: Portrait, photograph: Critique, models: ModelRunner
) -> None:
    make, measure = CONTROLS[name]
    spec = next(spec for spec in SPECS if spec.name == measure)
    sign = 1 if spec.odd == "high" else -1
    values = [value(photograph, measure)]
    for strength in (0, 2):
        faulty = astronaut.picture.with_pixels(make(astronaut, strength))
        by = faulty.width / astronaut.picture.width
        faces = tuple(face.within(0, 0, by) for face in astronaut.faces)
        values.append(value(criticise(Portrait.of_known(faulty, faces, models)), measure))
    assert [sign * each for each in values] == sorted(sign * each for each in values)


def test_plastic_skin_costs_the_score(astronaut: Portrait, photograph: Critique, models: ModelRunner) -> None:
    faulty = astronaut.picture.with_pixels(CONTROLS["skin blurred"][0](astronaut, 2))
    critique = criticise(Portrait.of_known(faulty, astronaut.faces, models), astronaut)
    assert critique.realism is not None
    assert photograph.realism is not None
    assert critique.realism < photograph.realism - 0.1
    assert "plastic" in critique.explanation
    assert [each.name for each in critique.differences] == ["texture_ratio"] * 3 + ["skin_delta_e"]


@pytest.mark.parametrize("name", ["out of focus", "painted (median)", "smoothed (bilateral)"])
def test_a_soft_face_ranks_below_a_sharp_one(
    name: str, astronaut: Portrait, photograph: Critique, models: ModelRunner
) -> None:
    soft = astronaut.picture.with_pixels(CONTROLS[name][0](astronaut, 2))
    critique = criticise(Portrait.of_known(soft, astronaut.faces, models))
    found = next(finding for finding in critique.findings if finding.name == "fine_detail")
    assert found.verdict is Verdict.FAIL
    assert critique.verdict in (Verdict.WARN, Verdict.FAIL)
    assert "blurred or painted" in found.explanation
    assert critique.realism is not None
    assert photograph.realism is not None
    assert critique.realism < photograph.realism - 0.1


def test_a_reduced_photograph_is_as_fine_as_its_size_lets_expect(
    astronaut: Portrait, photograph: Critique, models: ModelRunner
) -> None:
    small = cv2.resize(astronaut.picture.pixels, None, fx=0.75, fy=0.75, interpolation=cv2.INTER_AREA)
    critique = criticise(Portrait(Picture.from_array(np.asarray(small)), models))
    assert value(critique, "fine_detail") > value(photograph, "fine_detail") - 0.3


def test_without_the_networks_that_read_sex_and_expression_a_class_is_missing_and_nothing_else(
    astronaut: Portrait, photograph: Critique, models: ModelRunner
) -> None:
    critique = criticise(Portrait.of_known(astronaut.picture, astronaut.faces, WithoutImpressions(models)))
    assert critique.classes == tuple(name for name in photograph.classes if not name.startswith("reads_"))
    assert "reads_female" in photograph.classes
    (missing,) = [one.name for one in critique.findings if one.verdict is Verdict.NOT_MEASURABLE]
    assert missing == "expression_neutrality"
    assert critique.verdict is Verdict.PASS


def test_components_have_the_names_of_the_standard() -> None:
    """ISO/IEC 29794-5 has these among its components, as its reference implementation spells them."""
    names = [
        "BackgroundUniformity",
        "IlluminationUniformity",
        "LuminanceMean",
        "LuminanceVariance",
        "UnderExposurePrevention",
        "OverExposurePrevention",
        "DynamicRange",
        "Sharpness",
        "CompressionArtifacts",
        "NaturalColour",
        "SingleFacePresent",
        "EyesOpen",
        "MouthClosed",
        "InterEyeDistance",
        "HeadSize",
        "LeftwardCropOfTheFaceImage",
        "RightwardCropOfTheFaceImage",
        "MarginAboveOfTheFaceImage",
        "MarginBelowOfTheFaceImage",
        "HeadPoseYaw",
        "HeadPosePitch",
        "HeadPoseRoll",
        "ExpressionNeutrality",
    ]
    ours = {spec.name.title().replace("_", "") for spec in SPECS}
    assert {*names} <= ours


def test_the_critic_says_the_same_twice(astronaut: Portrait, photograph: Critique) -> None:
    assert criticise(astronaut) == photograph


def test_a_picture_without_a_face_is_refused(models: ModelRunner) -> None:
    with pytest.raises(NoFaceError):
        criticise(Portrait(Picture.from_array(np.full((256, 256, 3), 128, np.uint8)), models))
