"""A direction becomes a prompt, a brief and an account of both."""

from __future__ import annotations

import dataclasses
import tomllib
from collections import Counter
from importlib import resources

import pytest
from atelier.v1 import generate_pb2, light_pb2
from atelier_generate.brief import Brief, Sitter
from atelier_generate.director import People, direct, direct_prompt, open_fields, own_presets, presets_with
from atelier_generate.director.briefing import background_of, frame_of, patterns
from atelier_generate.director.fields import fields
from atelier_generate.director.opening import ANYBODY, HAIR
from atelier_generate.director.vocabulary import own_vocabulary
from atelier_sdk.errors import FieldOutOfRangeError, PresetUnknownError
from atelier_sdk.preset import Preset
from atelier_sdk.vocabulary import Phrase

NOTHING: frozenset[str] = frozenset()
KIND = generate_pb2.InterpretationKind
ASPECTS = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")


def of(text: str = "", family: str = "flux", honours: frozenset[str] = NOTHING, **fields: object):  # type: ignore[no-untyped-def]
    return direct(generate_pb2.Direction(text=text, **fields), family, honours)  # type: ignore[arg-type]


def kinds(composed) -> dict[str, str]:  # type: ignore[no-untyped-def]
    return {one.field: KIND.Name(one.kind).rpartition("_")[2] for one in composed.interpretations}


def test_the_sentence_has_its_order() -> None:
    prompt = of(
        "teal and orange, calm, freckles, 50mm, rembrandt light, dark red background, a woman aged 40, for a book cover"
    ).prompt
    order = ("40-year-old woman", "dark red background", "Rembrandt", "calm", "50 mm", "freckles", "book cover")
    places = [prompt.find(words) for words in order]
    assert places == sorted(places)
    assert min(places) >= 0


@pytest.mark.parametrize("family", ["natural", "long", "tags", "embedded"])
def test_an_empty_direction_has_a_prompt_in_every_family(family: str) -> None:
    assert "person" in of(family=family).prompt


def test_families_are_spoken_to_in_their_own_ways() -> None:
    said = {family: of("a man, f/2", family).prompt for family in ("natural", "long", "tags")}
    assert len(set(said.values())) == 3
    assert "." not in said["tags"].replace("f/2", "")
    assert len(said["long"]) > len(said["natural"]) > len(said["tags"])


def test_an_unknown_family_is_answered_with_the_nearest() -> None:
    with pytest.raises(PresetUnknownError, match="flux"):
        of(family="fluxx")


def test_fields_win_over_text_and_the_text_is_told() -> None:
    read = of("aged 60, 85mm", subject={"age_years": 30})
    assert read.brief.sitter.age_years == 30
    assert [(one.phrase, one.suggestion) for one in read.warnings] == [("aged 60", "30")]


def test_text_wins_over_preset_and_preset_over_default() -> None:
    read = of("f/8", preset="cinematic")
    assert (read.brief.aperture, read.brief.focal_mm, read.brief.grade) == (8, 50, "teal_orange")
    assert kinds(read)["lens.focal_mm"] == "GUESSED"
    assert kinds(read)["lens.aperture"] == "UNDERSTOOD"


def test_a_lens_that_nobody_asked_for_is_no_wish() -> None:
    plain, asked = of("a woman with freckles").brief, of("a woman with freckles, 85mm").brief
    assert (plain.focal_mm, plain.aperture, asked.focal_mm) == (None, None, 85)


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(PresetUnknownError) as refused:
        of(
            "aged 30, aged 60, a child",
            preset="cinematik",
            lighting={"pattern": "rembrant"},
            composition={"size": "8K"},
        )
    assert [one.field for one in refused.value.violations] == [
        "lighting.pattern",
        "composition.size",
        "preset",
        "text",
        "text",
    ]
    assert "the nearest is cinematic" in refused.value.message
    assert "the nearest are rembrandt" in refused.value.message
    assert "there are 1K, 2K, 4K" in refused.value.message


def test_a_name_that_is_like_none_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(PresetUnknownError, match=r"there are profile-photo, .*, commercial$"):
        of(preset="xyz")


def test_a_description_that_contradicts_a_field_warns_and_the_field_wins() -> None:
    read = of(subject={"description": "a woman aged 60", "age_years": 30})
    assert read.brief.sitter.age_years == 30
    assert [one.field for one in read.warnings] == ["subject.description"]
    assert read.prompt.count("woman") == 1


def test_fields_that_do_not_suit_each_other_are_warned_of() -> None:
    read = of("close-up, 24mm", lighting={"pattern": "flat", "ratio": 8})
    assert [one.field for one in read.warnings] == ["lens.focal_mm", "lighting.ratio"]


@pytest.mark.parametrize(
    "words",
    [
        "perfect face", "perfect faces", "Flawless skin", "flawlessly smooth skin", "hyper-smooth", "hyper smooth skin",
        "perfect symmetry", "perfectly symmetrical face", "8k ultra sharp", "ultra-detailed", "photorealistic",
        "Unreal Engine", "masterpiece", "doll-like", "airbrushed",
    ],
)  # fmt: skip
@pytest.mark.parametrize("field", ["text", "extra"])
def test_the_linter_warns(words: str, field: str) -> None:
    warnings = of(family="sdxl", **{field: f"a man, {words}, 85mm"}).warnings  # type: ignore[arg-type]
    assert [one.field for one in warnings] == [field]
    assert warnings[0].phrase.casefold() == words.casefold()
    assert warnings[0].suggestion
    assert warnings[0].explanation


def test_the_linter_passes_a_photographers_words() -> None:
    assert of("golden hour, 85mm, f/1.8, freckles, introspective, natural skin texture").warnings == ()


def test_the_embedded_generator_ignores_what_it_cannot_honour() -> None:
    read = of("85mm, a woman, neon", "embedded", frozenset({"subject.sex"}))
    told = kinds(read)
    assert (told["subject.sex"], told["lens.focal_mm"], told["text"]) == ("UNDERSTOOD", "IGNORED", "IGNORED")
    assert "skin.texture" not in told


def test_a_model_that_reads_words_is_given_what_was_not_understood() -> None:
    read = of("neon reflections, (freckles:1.4)", "sdxl")
    assert "neon reflections" in read.prompt
    assert "(freckles:1.4)" in read.prompt


def test_interpretations_have_the_order_of_the_fields() -> None:
    order = list(fields())
    told = [order.index(one.field) for one in of("a smile, 85mm, neon, rain").interpretations]
    assert told == sorted(told)


def test_left_and_right_are_the_cameras_and_it_is_said() -> None:
    read = of("rembrandt light from the left", "embedded", frozenset({"lighting.side"}))
    assert read.brief.light.azimuth_degrees == -50
    (told,) = (one for one in read.interpretations if one.field == "lighting.side")
    assert "subject's right" in told.explanation
    assert "from the left of the picture" in of(lighting={"side": light_pb2.LIGHT_SIDE_RIGHT}).prompt


def test_a_source_of_light_gives_its_softness_to_a_pattern() -> None:
    light = of("rembrandt light, soft window light").brief.light
    assert (light.pattern, light.elevation_degrees, light.softness, light.kelvin) == ("rembrandt", 42, 0.7, 6000)


def test_a_prompt_as_it_stands_stays_and_is_read_leniently() -> None:
    prompt = generate_pb2.Prompt(text="a woman, 85mm or 50mm, flawless skin", negative_text="hat")
    read = direct_prompt(prompt, "sdxl", NOTHING)
    assert (read.prompt, read.negative_prompt) == (prompt.text, "hat")
    assert read.brief.sitter.womanhood == 1
    assert {one.field for one in read.warnings} == {"prompt.text"}


def test_a_prompt_as_it_stands_draws_adults_only() -> None:
    with pytest.raises(FieldOutOfRangeError, match="only adults"):
        direct_prompt(generate_pb2.Prompt(text="a little girl"), "sdxl", NOTHING)


@pytest.mark.parametrize(
    "text",
    ["", " ", "\x00\x07", "😀🎉", "肖像画、笑顔", "}{ {0} %s ((((", "(face:1.4", "word " * 10_000, "long " * 10_000],
)
def test_odd_texts_are_composed(text: str) -> None:
    assert 0 < len(of(text).prompt) <= 4000


@pytest.mark.parametrize("name", own_presets())
def test_a_preset_names_only_what_is_known(name: str) -> None:
    read = of(preset=name)
    assert kinds(read)["preset"] == "UNDERSTOOD"
    for path, value in own_presets()[name].values.items():
        assert fields()[path].takes(float(value) if fields()[path].is_number else value)
        assert read.wishes.value(path) == value


def test_a_purpose_that_is_a_preset_fills_like_one() -> None:
    assert of(purpose="avatar").brief.frame.width == of(purpose="avatar").brief.frame.height == 1024
    assert of(purpose="a poster of my own").brief.frame == of().brief.frame


def test_plugins_add_words_and_presets() -> None:
    words = (Phrase("mood", ("zen like", "satori"), "zen", "a mood of zen"),)
    noir = (
        Preset("look", "noir", "Dark.", {"lighting.ratio": 16, "grade": "monochrome_noir"}),
        Preset("grade", "x", "x"),
    )
    read = direct(generate_pb2.Direction(text="satori", preset="noir"), "flux", NOTHING, words, noir)
    assert (read.brief.mood, read.brief.light.ratio) == ("zen", 16)
    assert "a mood of zen" in read.prompt


@pytest.mark.parametrize(
    ("words", "presets"),
    [
        ((Phrase("no.such", ("x",), "x"),), ()),
        ((Phrase("lens.focal_mm", ("x",), 999.0),), ()),
        ((Phrase("mood", (), "x"),), ()),
        ((Phrase("composition.size", ("enormous",), "8K"),), ()),
        ((), (Preset("look", "endless", "Wide.", {"composition.aspect": "wide"}),)),
        ((), (Preset("look", "cinematic", "Again.", {}),)),
        ((), (Preset("look", "odd", "Odd.", {"lens.focal_mm": "long"}),)),
    ],
)
def test_what_a_plugin_adds_amiss_is_left_out(words: tuple[Phrase, ...], presets: tuple[Preset, ...]) -> None:
    text = generate_pb2.Direction(text="x", preset="cinematic")
    assert direct(text, "flux", NOTHING, words, presets).prompt == direct(text, "flux", NOTHING).prompt
    assert presets_with(presets) == own_presets()


def test_what_is_amiss_is_told_once_and_not_in_each_call(caplog: pytest.LogCaptureFixture) -> None:
    words, presets = (Phrase("no.such", ("x",), "x"),), (Preset("look", "cinematic", "Again.", {}),)
    for _ in range(3):
        read = direct(generate_pb2.Direction(text="x"), "flux", NOTHING, words, presets)
    told = [record.getMessage() for record in caplog.records]
    assert [len([line for line in told if name in line]) for name in ("no.such", "cinematic")] == [1, 1]
    again = direct(generate_pb2.Direction(text="y"), "flux", NOTHING, words, presets)
    assert again.vocabulary is read.vocabulary


def test_presets_of_other_kinds_are_not_the_directors() -> None:
    assert presets_with((Preset("grade", "x", "x"),)) == own_presets()


@pytest.mark.parametrize("aspect", ASPECTS)
@pytest.mark.parametrize(("size", "edge"), [("1K", 1024), ("2K", 2048), ("4K", 3840)])
def test_frames_are_of_their_aspect_and_divide_by_sixteen(aspect: str, size: str, edge: int) -> None:
    frame = frame_of(aspect, size, "close-up")
    wide, high = map(int, aspect.split(":"))
    assert max(frame.width, frame.height) == edge
    assert frame.width % 16 == frame.height % 16 == 0
    # Half of sixteen pixels on the short edge of 21:9 at 1K, 439 pixels, is 1.8 %.
    assert frame.width / frame.height == pytest.approx(wide / high, rel=0.019)


def test_backgrounds_have_colours() -> None:
    assert background_of("a white wall") == pytest.approx((0.949, 0.949, 0.949), abs=1e-3)
    green, dark = background_of("a green backdrop"), background_of("a dark green backdrop")
    assert green is not None
    assert dark == pytest.approx(tuple(part / 2 for part in green))
    assert background_of("somewhere") is None


def test_the_patterns_are_those_of_the_edit_service() -> None:
    text = resources.files("atelier_edit.light").joinpath("rigs.toml").read_text(encoding="utf-8")
    theirs = {name: {key: rig[key] for key in ("azimuth", "elevation", "ratio", "softness", "kelvin") if key in rig}
              for name, rig in tomllib.loads(text).items()}  # fmt: skip
    assert patterns() == theirs
    assert set(own_vocabulary().names("lighting.pattern")) == set(theirs)


def test_grades_are_those_of_the_style_service() -> None:
    text = resources.files("atelier_style").joinpath("grades.toml").read_text(encoding="utf-8")
    assert set(own_vocabulary().names("grade")) == set(tomllib.loads(text))


def test_open_fields_are_drawn_uniformly_and_again() -> None:
    drawn = [open_fields(Brief(), seed).sitter for seed in range(4000)]
    assert drawn[:50] == [open_fields(Brief(), seed).sitter for seed in range(50)]
    ages = [one.age_years for one in drawn if one.age_years is not None]
    assert (min(ages), max(ages)) == ANYBODY.ages
    # Four standard deviations of a share of 1/2 and of 1/6 among 4000 draws.
    assert sum(one.womanhood == 1 for one in drawn) / 4000 == pytest.approx(0.5, abs=0.032)
    assert all(share / 4000 == pytest.approx(1 / 6, abs=0.024) for share in Counter(one.hair for one in drawn).values())
    assert {one.hair for one in drawn} == set(HAIR)
    assert sum(one.skin_ita_degrees < 5 for one in drawn if one.skin_ita_degrees is not None) / 4000 == pytest.approx(
        0.5, abs=0.032
    )


def test_open_fields_are_drawn_from_whom_the_model_can_draw() -> None:
    people = People((40, 41), (10.0, 12.0), ())
    drawn = [open_fields(Brief(), seed, people).sitter for seed in range(50)]
    assert {one.age_years for one in drawn} == {40.0, 41.0}
    assert all(10 <= (one.skin_ita_degrees or 0) <= 12 for one in drawn)
    assert {one.hair for one in drawn} == {None}
    said = {
        one.field: one.value
        for one in direct(generate_pb2.Direction(), "natural", frozenset(), people=people).message().interpretations
    }
    assert said["subject.age_years"] == "40..41"
    assert said["subject.hair"] == ""


def test_what_is_said_stays_and_changes_nothing_else() -> None:
    said = Brief(sitter=Sitter(age_years=40.0, hair="red"))
    free, bound = open_fields(Brief(), 7).sitter, open_fields(said, 7).sitter
    assert bound == dataclasses.replace(free, age_years=40.0, hair="red")


def test_a_prompt_can_say_what_the_seed_drew() -> None:
    read = of("calm, 85mm")
    prompt, _ = read.prompt_for(open_fields(read.brief, 7))
    drawn = open_fields(read.brief, 7).sitter
    assert f"{drawn.age_years:g}-year-old {'woman' if drawn.womanhood else 'man'}" in prompt
    assert f"{drawn.hair} hair" in prompt


@pytest.mark.parametrize("text", ["an elderly Black man", "a grandmother"])
def test_what_the_seed_drew_does_not_contradict_words(text: str) -> None:
    read = of(text)
    assert read.prompt_for(open_fields(read.brief, 7)) == (read.prompt, read.negative_prompt)


def test_heritage_is_said_and_never_guessed() -> None:
    read = of(subject={"heritage": "of Korean and Irish descent", "sex": "woman"})
    assert "a woman of Korean and Irish descent" in read.prompt
    assert read.brief.sitter.skin_ita_degrees is None
    assert "subject.heritage" not in kinds(of("a man"))
