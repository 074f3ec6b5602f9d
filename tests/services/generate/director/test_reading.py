"""A text is read as a photographer means it."""

from __future__ import annotations

import pytest
from atelier.v1 import generate_pb2
from atelier_generate.director.phrases import expanded
from atelier_generate.director.presets import own_presets
from atelier_generate.director.tokens import normal
from atelier_generate.director.vocabulary import MINOR, own_vocabulary
from atelier_generate.director.wishes import Origin, Wishes, gather
from hypothesis import given, settings
from hypothesis import strategies as st

FIGURES = {"{n}": "40", "{period}": "fifties", "{middle}": "30 to 40"}


def read(text: str) -> Wishes:
    return gather(generate_pb2.Direction(text=text), own_vocabulary(), own_presets())


def said(wishes: Wishes) -> dict[str, object]:
    """What the text says, without defaults and presets."""
    by_text = {Origin.TEXT, Origin.VAGUE}
    return {path: wish.value for path, wish in wishes.of.items() if wish.origin in by_text}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "golden hour, 85mm, f/1.8, freckles, introspective",
            {
                "lighting.pattern": "golden-hour",
                "lens.focal_mm": 85.0,
                "lens.aperture": 1.8,
                "skin.imperfections": 0.6,
                "mood": "introspective",
            },
        ),
        (
            "a 40-year-old woman with short grey hair, Rembrandt light from the left, 50mm at f/2, soft window light, "
            "smiling, on a dark green background",
            {
                "subject.age_years": 40.0,
                "subject.sex": "woman",
                "subject.hair": "short grey hair",
                "lighting.pattern": "rembrandt",
                "lighting.source": "window",
                "lighting.side": "right",
                "lens.focal_mm": 50.0,
                "lens.aperture": 2.0,
                "expression": "a smile",
                "scene": "dark green background",
            },
        ),
        ("a man in his early thirties", {"subject.age_years": 32.0, "subject.sex": "man"}),
        ("a woman of 40, red hair", {
            "subject.age_years": 40.0, "subject.sex": "woman", "subject.hair": "red hair",
        }),
        ("a man of 60 years", {"subject.age_years": 60.0, "subject.sex": "man"}),
        ("in her 50s", {"subject.age_years": 55.0, "subject.sex": "woman"}),
        ("forty-five years old", {"subject.age_years": 45.0}),
        ("young", {"subject.age_years": 24.0}),
        ("30-40 years old", {"subject.age_years": 35.0}),
        ("a man between 25 and 35, 50mm", {"subject.sex": "man", "lens.focal_mm": 50.0}),
        ("a woman between the ages of forty and fifty", {"subject.age_years": 45.0, "subject.sex": "woman"}),
        ("in his 30s or 40s", {"subject.age_years": 40.0, "subject.sex": "man"}),
        ("aged 60 to 50", {"subject.age_years": 60.0}),
        ("4:1 light, 4:5, 4k, 5600K", {
            "lighting.ratio": 4.0, "composition.aspect": "4:5", "composition.size": "4K", "lighting.kelvin": 5600.0,
        }),
        ("lit from her left", {"lighting.side": "left"}),
        ("long, curly red hair; round glasses; full beard", {
            "subject.hair": "long, curly red hair", "subject.eyewear": "round glasses",
            "subject.facial_hair": "full beard",
        }),
        ("(freckles:1.4), [pores]", {"skin.imperfections": 0.6, "skin.texture": 0.9}),
        ("ＧＯＬＤＥＮ　ＨＯＵＲ", {"lighting.pattern": "golden-hour"}),
        ("300mm lens of a 2000 year old tree", {}),
        ("baby blue background", {"scene": "baby blue background"}),
    ],
)  # fmt: skip
def test_words_become_fields(text: str, expected: dict[str, object]) -> None:
    assert expected == said(read(text))


@given(st.text(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_text_can_be_read_and_nothing_is_said_that_is_not_in_it(text: str) -> None:
    written = normal(text)
    of_text = [one for one in read(text).of.values() if one.origin in {Origin.TEXT, Origin.VAGUE}]
    assert [one.words for one in of_text if one.words not in written] == []


@given(st.text(max_size=200))
@settings(max_examples=150, deadline=None)
def test_the_form_in_which_a_text_is_read_is_its_own(text: str) -> None:
    assert normal(text) == normal(normal(text))


CLAUSES = (
    "golden hour", "85mm", "f/1.8", "freckles", "introspective", "a weathered sailor", "40 years old", "smiling", "4:5",
    "confident", "neon", "Rembrandt light", "soft window light", "long red hair", "close-up", "in the rain",
)  # fmt: skip


@given(st.permutations(CLAUSES))
@settings(max_examples=40, deadline=None)
def test_the_order_of_phrases_does_not_matter(clauses: list[str]) -> None:
    one, other = read(", ".join(CLAUSES)), read(", ".join(clauses))
    assert said(one) == said(other)
    assert one.leftovers == other.leftovers


def test_every_phrase_of_the_vocabulary_is_understood() -> None:
    for phrase in own_vocabulary().all:
        if phrase.field in {MINOR, "!plain"}:
            continue
        figure = "1.8" if "aperture" in phrase.field else "5600" if "kelvin" in phrase.field else "40"
        figure = "12" if "ratio" in phrase.field else figure
        text = " ".join({**FIGURES, "{n}": figure}.get(key, key) for key in phrase.keys)
        found = {one.field for one in own_vocabulary().read(normal(text))}
        assert phrase.field in found, (phrase, text, found)


def test_what_is_not_understood_is_kept_as_it_stands() -> None:
    left = read(
        "A lighthouse keeper with a woollen cap, neon {reflections|rain}, golden hour, (freckles:1.4)"
    ).leftovers
    assert left.subject == ("A lighthouse keeper with a woollen cap",)
    assert left.other == ("neon", "rain", "reflections")
    assert left.weighted == ("(freckles:1.4)",)


@pytest.mark.parametrize(
    "words",
    [
        "a child",
        "a 12-year-old",
        "teenage",
        "aged seventeen",
        "a woman of 12",
        "the age of 9",
        "two girls",
        "15-20 years old",
        "between twelve and twenty years",
        "aged 17 to 40",
        "in her 10s or 20s",
    ],
)
def test_only_adults_are_drawn(words: str) -> None:
    (violation,) = read(words).violations
    assert "only adults are drawn" in violation.description


@pytest.mark.parametrize(
    "text",
    [
        "30 years old, aged 60",
        "rembrandt light, split light",
        "bald, long red hair",
        "clean-shaven, full beard",
        "85mm, 50mm",
    ],
)
def test_a_text_that_contradicts_itself_is_refused(text: str) -> None:
    assert len(read(text).violations) == 1


def test_alternatives_and_what_lies_ahead_are_written_out() -> None:
    assert list(expanded("soft| light > woman")) == [(("soft", "light", "woman"), 2), (("light", "woman"), 1)]
