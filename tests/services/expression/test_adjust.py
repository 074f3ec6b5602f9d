"""Adjusting a real portrait: one resampling, measured back, the rest untouched. Needs the installed models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from atelier_expression.adjust import adjust, own_person, plan_adjustment
from atelier_expression.controls import Adjustment, Part
from atelier_expression.glasses import wears_glasses
from atelier_expression.measures import may_change, measure
from atelier_expression.settle import GAINS, preview, readings, settled
from atelier_expression.wishes import Wish
from atelier_imaging.analysis import follow
from atelier_imaging.picture import Picture
from atelier_imaging.portrait import Portrait
from atelier_imaging.region import Region

if TYPE_CHECKING:
    from atelier_service.models.per_call import CallModels


def wish(**controls: float) -> Wish:
    return Wish(Adjustment(**controls), None, Part.ALL, ())


@pytest.mark.parametrize(
    ("controls", "degrees"),
    [
        ({"yaw_degrees": 12.0}, 2.0),
        ({"pitch_degrees": -10.0}, 2.0),
        ({"roll_degrees": 15.0}, 2.0),
        ({"gaze_x_degrees": 10.0}, 3.0),
        ({"yaw_degrees": -6.0, "pitch_degrees": 4.0, "gaze_y_degrees": -6.0}, 3.0),
    ],
)
def test_angles_are_measured_back(
    portrait: Portrait, models: CallModels, controls: dict[str, float], degrees: float
) -> None:
    face = portrait.faces[0]
    plan = plan_adjustment(wish(**controls), portrait, face, models)
    adjusted = adjust(portrait, plan)
    assert adjusted.scene is not None

    found = follow(adjusted.picture.pixels, adjusted.scene.mesh, models)

    assert found is not None
    for name, (asked, read) in readings(face, found, adjusted.scene.mesh, plan.goal).items():
        assert abs(read - asked) <= degrees, name


def test_smiles_of_five_sizes_measure_in_order(portrait: Portrait, models: CallModels) -> None:
    smiles = []
    for amount in (-0.3, 0.0, 0.4, 0.8, 1.3):
        plan = plan_adjustment(wish(smile=amount), portrait, portrait.faces[0], models)
        adjusted = adjust(portrait, plan)
        mesh = adjusted.scene.mesh if adjusted.scene else portrait.faces[0].mesh
        found = follow(adjusted.picture.pixels, mesh, models)
        assert found is not None
        smiles.append(found.expression.smile)

    assert smiles == sorted(smiles)
    assert smiles[-1] - smiles[0] > 0.006  # she smiles broadly already


def test_nothing_outside_what_may_change_changes(portrait: Portrait, models: CallModels) -> None:
    plan = plan_adjustment(wish(yaw_degrees=15.0, smile=1.0), portrait, portrait.faces[0], models)

    adjusted = adjust(portrait, plan)

    assert adjusted.scene is not None
    outside = may_change(portrait, adjusted.scene) == 0
    assert outside.mean() > 0.2
    assert np.array_equal(portrait.picture.pixels[outside], adjusted.picture.pixels[outside])
    assert not np.array_equal(portrait.picture.pixels, adjusted.picture.pixels)


def test_every_measure_of_a_moderate_change_passes(portrait: Portrait, models: CallModels) -> None:
    plan = plan_adjustment(wish(yaw_degrees=6.0, gaze_x_degrees=-4.0, smile=0.4), portrait, portrait.faces[0], models)
    adjusted = adjust(portrait, plan)
    assert adjusted.scene is not None
    found = follow(adjusted.picture.pixels, adjusted.scene.mesh, models)

    taken = measure(portrait, adjusted, plan, found)

    assert {each.name: each.verdict.name for each in taken} == {
        "pose_error": "PASS",
        "gaze_error": "PASS",
        "expression_error": "PASS",
        "flow_jacobian": "PASS",
        "outside_mask_difference": "PASS",
        "texture_ratio": "NOT_MEASURABLE",  # the head turned: its patches show other skin
    }


def test_a_smile_leaves_the_skin_its_texture(portrait: Portrait, models: CallModels) -> None:
    plan = plan_adjustment(wish(smile=0.8), portrait, portrait.faces[0], models)
    adjusted = adjust(portrait, plan)
    assert adjusted.scene is not None
    found = follow(adjusted.picture.pixels, adjusted.scene.mesh, models)

    ratios = [each for each in measure(portrait, adjusted, plan, found) if each.name == "texture_ratio"]

    assert any(each.verdict.name == "PASS" for each in ratios)
    assert not any(each.verdict.name in {"WARN", "FAIL"} for each in ratios)


def test_a_result_without_a_face_is_not_measurable(portrait: Portrait, models: CallModels) -> None:
    plan = plan_adjustment(wish(yaw_degrees=6.0), portrait, portrait.faces[0], models)

    taken = measure(portrait, adjust(portrait, plan), plan, None)

    assert {each.verdict.name for each in taken if each.name == "pose_error"} == {"NOT_MEASURABLE"}


def test_the_same_picture_in_16_bits_moves_alike(portrait: Portrait, models: CallModels) -> None:
    deep = Portrait(Picture.from_array(portrait.picture.pixels.astype(np.uint16) * 257), models)
    asked = wish(roll_degrees=8.0, smile=0.5)

    eight, sixteen = (
        adjust(each, plan_adjustment(asked, each, each.faces[0], models)).picture.pixels for each in (portrait, deep)
    )

    assert sixteen.dtype == np.uint16
    assert np.abs(sixteen / 257 - eight).mean() < 1.0


def test_without_a_goal_nobody_looks_and_gains_are_the_median_ones(portrait: Portrait, models: CallModels) -> None:
    face = portrait.faces[0]

    found = settled(portrait.picture.pixels, face, Adjustment(brow_raise=0.5), models)
    blind = settled(portrait.picture.pixels, face, Adjustment(yaw_degrees=10.0), models, looks=0)

    assert found.brows == 0.5
    assert not found.turn
    assert blind.turn.yaw_degrees == pytest.approx(10 * GAINS["yaw_degrees"])


def test_a_large_face_is_looked_at_small_and_a_small_one_as_it_is(portrait: Portrait) -> None:
    small = preview(portrait.picture.pixels, portrait.faces[0])

    assert small.face.box.width <= 180
    assert small.pixels.shape[1] > small.face.box.width


def test_a_bar_across_the_nose_is_taken_for_glasses(portrait: Portrait) -> None:
    small = preview(portrait.picture.pixels, portrait.faces[0])
    assert not wears_glasses(small.pixels, small.face)
    x, y = (round(float(value)) for value in small.face.mesh[6, :2])
    worn = small.pixels.copy()
    worn[y - 1 : y + 2, x - 25 : x + 25] = 20

    assert wears_glasses(worn, small.face)


def test_only_what_hangs_together_with_the_face_moves(portrait: Portrait) -> None:
    person = portrait.mask(Region.PERSON).copy()
    person[10:40, 5:35] = 1  # a bright thing in a corner, taken for somebody

    own = own_person(person, portrait.faces[0])

    assert own[10:40, 5:35].max() == 0
    x, y = (int(value) for value in portrait.faces[0].mesh[4, :2])
    assert own[y, x] == 1
    changed = (own != person)[60:]
    assert changed.mean() < 0.01
