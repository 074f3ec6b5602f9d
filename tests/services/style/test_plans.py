from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from atelier_imaging.grain.model import GrainModel
from atelier_imaging.measures import Verdict
from atelier_imaging.picture import Picture
from atelier_sdk.errors import (
    FaceTooSmallError,
    LutMalformedError,
    NoFaceError,
    PoseTooExtremeError,
    SkinNotVisibleError,
)
from atelier_style.apply import Plan, apply
from atelier_style.cube import identity, write_cube
from atelier_style.grade_plan import GradeAsk, export, plan_grade
from atelier_style.grain_plan import GrainAsk, plan_grain
from atelier_style.lut import apply_cube
from atelier_style.measures import measure
from atelier_style.tone_plan import MAX_LIGHTNESS_MOVE, ToneAsk, plan_tone

from tests.services.style.portraits import KnownPortrait, disc, drawn, face, known

NEUTRAL = {
    "nothing at all": Plan(),
    "empty messages": Plan(
        plan_tone(ToneAsk(), known(), None), plan_grade(GradeAsk(), known()), plan_grain(GrainAsk())
    ),
    "a preset at strength 0": Plan(
        grade=plan_grade(GradeAsk(preset="cross_process", strength=0.0, halation=1.0), known())
    ),
    "a LUT at strength 0": Plan(grade=plan_grade(GradeAsk(lut=write_cube(identity(2)), strength=0.0), known())),
    "the identity as a LUT": Plan(grade=plan_grade(GradeAsk(lut=write_cube(identity(2)), protect_skin=0.0), known())),
    "a stock at strength 0": Plan(grain=plan_grain(GrainAsk(stock="delta_3200", strength=0.0))),
    "warmth 0": Plan(tone=plan_tone(ToneAsk(warmth=0.0), known(), None)),
    "an angle at strength 0": Plan(tone=plan_tone(ToneAsk(ita_degrees=-30.0, strength=0.0), known(), None)),
}


@pytest.mark.parametrize("plan", NEUTRAL.values(), ids=list(NEUTRAL))
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_neutral_parameters_change_no_pixel(plan: Plan, dtype: type[np.uint8 | np.uint16]) -> None:
    pixels = np.random.default_rng(0).integers(0, np.iinfo(dtype).max + 1, (256, 256, 3), dtype)
    assert np.array_equal(apply(Picture.from_array(pixels), plan).pixels, pixels)


def test_one_pass_is_skin_tone_then_grade_then_grain() -> None:
    portrait = known()
    plan = Plan(
        plan_tone(ToneAsk(warmth=0.6), portrait, None),
        plan_grade(GradeAsk(preset="matte_fade"), portrait),
        plan_grain(GrainAsk(stock="tri_x_400", seed=4)),
    )
    at_once = apply(portrait.picture, plan).pixels.astype(int)
    picture = portrait.picture
    for part in (Plan(tone=plan.tone), Plan(grade=plan.grade), Plan(grain=plan.grain)):
        picture = apply(picture, part)
    # Three roundings to 8 bits instead of one.
    assert np.abs(at_once - picture.pixels).max() <= 4
    assert np.abs(at_once - picture.pixels).mean() < 0.6


def test_alpha_is_kept() -> None:
    alpha = np.random.default_rng(0).integers(0, 256, (256, 256), np.uint8)
    picture = Picture.from_array(drawn(), alpha=alpha)
    styled = apply(picture, Plan(grade=plan_grade(GradeAsk(preset="golden_warm"), known())))
    assert styled.alpha is not None
    assert np.array_equal(styled.alpha, alpha)


def test_the_exported_table_is_the_colour_part_at_its_strength() -> None:
    portrait = known()
    plan = plan_grade(GradeAsk(preset="teal_orange", strength=0.6, protect_skin=0.0, vignette=0.0), portrait)
    exported = export(plan, "srgb")
    assert exported.size == 33
    assert (
        np.abs(
            apply_cube(portrait.picture.pixels, exported).astype(int) - apply(portrait.picture, Plan(grade=plan)).pixels
        ).max()
        == 0
    )


def test_a_malformed_table_is_refused() -> None:
    with pytest.raises(LutMalformedError):
        plan_grade(GradeAsk(lut=b"LUT_3D_SIZE 2\n0 0\n"), known())


def test_a_look_without_colour_takes_skins_unless_protection_is_asked_for() -> None:
    portrait = known()
    silent = plan_grade(GradeAsk(preset="monochrome_noir"), portrait)
    asked = plan_grade(GradeAsk(preset="monochrome_noir", protect_skin=0.7), portrait)
    assert silent.parameters["protect_skin"] == 0.0
    assert any("no colour" in note for note in silent.notes)
    assert asked.parameters["protect_skin"] == 0.7
    styled = apply(portrait.picture, Plan(grade=silent)).pixels.astype(int)
    assert (styled.max(axis=2) - styled.min(axis=2)).max() <= 1


def test_black_and_white_skin_is_toned_with_the_rest() -> None:
    portrait = known(np.repeat(drawn()[..., 1:2], 3, axis=2))
    assert plan_grade(GradeAsk(preset="golden_warm"), portrait).parameters["protect_skin"] == 0.0


def test_a_picture_without_a_face_is_graded_without_protection() -> None:
    portrait = KnownPortrait(Picture.from_array(drawn()), faces=())
    plan = plan_grade(GradeAsk(preset="golden_warm"), portrait)
    assert plan.recipe.skin is None


def test_presets_bring_their_own_stray_light_and_requests_override_it() -> None:
    own = plan_grade(GradeAsk(preset="moody_cinematic"), known())
    none = plan_grade(GradeAsk(preset="moody_cinematic", vignette=0.0), known())
    assert own.recipe.vignette > 0
    assert none.recipe.vignette == 0


def test_pushing_a_stock_strengthens_its_grain() -> None:
    strengths = [
        recipe.strength
        for iso in (200.0, 400.0, 1600.0)
        if (recipe := plan_grain(GrainAsk(stock="tri_x_400", iso=iso)).recipe) is not None
    ]
    assert strengths[1] == 1.0
    assert strengths == sorted(strengths)


def test_a_speed_without_a_stock_is_noted() -> None:
    assert any("iso" in note for note in plan_grain(GrainAsk(model=GrainModel(), iso=800.0)).notes)


def test_colour_grain_of_a_black_and_white_stock_can_be_asked_for() -> None:
    recipe = plan_grain(GrainAsk(stock="tri_x_400", rgb=True)).recipe
    assert recipe is not None
    assert recipe.rgb


def test_the_grain_of_a_reference_is_drawn() -> None:
    grainy = apply(
        Picture.from_array(np.full((400, 400, 3), 120, np.uint8)), Plan(grain=plan_grain(GrainAsk(stock="delta_3200")))
    )
    plan = plan_grain(GrainAsk(reference=grainy))
    assert plan.recipe is not None
    assert plan.parameters["radius_pixels"] == pytest.approx(0.155, rel=0.35)


def test_a_reference_without_grain_gives_none_and_says_so() -> None:
    plan = plan_grain(GrainAsk(reference=Picture.from_array(np.full((400, 400, 3), 120, np.uint8))))
    assert plan.recipe is None
    assert any("No grain" in note for note in plan.notes)


@pytest.mark.parametrize(
    ("portrait", "error"),
    [
        (KnownPortrait(Picture.from_array(drawn()), faces=()), NoFaceError),
        (known(None, face(interocular=12.0)), FaceTooSmallError),
        (known(None, face(yaw=75.0)), PoseTooExtremeError),
        (known(np.repeat(drawn()[..., 1:2], 3, axis=2)), SkinNotVisibleError),
    ],
    ids=["no face", "small", "profile", "black and white"],
)
def test_skin_that_cannot_be_toned_is_refused_in_image_and_reference(
    portrait: KnownPortrait, error: type[Exception]
) -> None:
    for ask, target in ((ToneAsk(warmth=0.5), portrait), (ToneAsk(reference=portrait), known())):
        with pytest.raises(error) as refusal:
            plan_tone(ask, target, None)
        assert refusal.value.metadata["image"] == ("image" if target is portrait else "reference")  # type: ignore[attr-defined]


def test_lightness_without_a_reference_is_noted() -> None:
    assert any(
        "match_lightness" in note for note in plan_tone(ToneAsk(warmth=1.0, match_lightness=True), known(), None).notes
    )


def test_a_tone_out_of_reach_is_applied_as_far_as_the_person_stays_the_same() -> None:
    plan = plan_tone(ToneAsk(ita_degrees=-40.0), known(), None)
    assert plan.recipe is not None
    assert plan.recipe.lightness is not None
    move = abs(plan.recipe.lightness - plan.recipe.own.lightness) * plan.recipe.strength
    assert move == pytest.approx(MAX_LIGHTNESS_MOVE)
    assert any("would not be the person" in note for note in plan.notes)


def verdicts(plan: Plan, portrait: KnownPortrait | None = None) -> dict[str, Verdict]:
    portrait = portrait or known()
    faces = portrait.faces
    taken = measure(portrait, apply(portrait.picture, plan), plan, faces[0] if faces else None)
    return {each.name: each.verdict for each in taken}


def test_grain_alone_passes_its_gates_and_texture_is_for_information() -> None:
    seen = verdicts(Plan(grain=plan_grain(GrainAsk(stock="tri_x_400", seed=1))))
    assert seen["grain_deviation"] is Verdict.PASS
    assert seen["skin_delta_e"] is Verdict.PASS
    assert seen["global_shift"] is Verdict.PASS
    assert seen["texture_ratio"] in (Verdict.UNSPECIFIED, Verdict.NOT_MEASURABLE)


def test_wrong_grain_fails_its_gate() -> None:
    portrait, plan = known(), Plan(grain=plan_grain(GrainAsk(stock="tri_x_400", seed=1)))
    assert plan.grain is not None
    assert plan.grain.recipe is not None
    doubled = replace(plan.grain, recipe=replace(plan.grain.recipe, strength=2.0))
    taken = measure(portrait, apply(portrait.picture, Plan(grain=doubled)), plan, portrait.faces[0])
    assert [each.verdict for each in taken if each.name == "grain_deviation"] == [Verdict.FAIL]


def test_skin_tone_leaves_no_seam_and_touches_nothing_else() -> None:
    seen = verdicts(Plan(tone=plan_tone(ToneAsk(warmth=1.0), known(), None)))
    assert (seen["seam"], seen["outside_mask_difference"]) == (Verdict.PASS, Verdict.PASS)
    assert seen["skin_delta_e"] is Verdict.UNSPECIFIED


def test_without_a_face_skin_is_not_measurable_and_the_rest_is() -> None:
    portrait = KnownPortrait(Picture.from_array(drawn()), faces=())
    seen = verdicts(Plan(grade=plan_grade(GradeAsk(preset="golden_warm"), portrait)), portrait)
    assert seen["skin_delta_e"] is Verdict.NOT_MEASURABLE
    assert seen["global_shift"] is Verdict.PASS


def test_a_grade_protects_only_where_the_mask_is() -> None:
    portrait = known()
    free, kept = (
        apply(
            portrait.picture, Plan(grade=plan_grade(GradeAsk(preset="bleach_bypass", protect_skin=share), portrait))
        ).pixels
        for share in (0.0, 1.0)
    )
    outside = disc() == 0
    assert np.array_equal(free[outside], kept[outside])
