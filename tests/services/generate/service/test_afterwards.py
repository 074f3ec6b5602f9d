"""What is said of fields that a backend cannot honour."""

from __future__ import annotations

from atelier.v1 import generate_pb2
from atelier_generate.afterwards import remedies
from atelier_generate.brief import Brief, Light


def composed(**kinds: str) -> generate_pb2.ComposedPrompt:
    told = [
        generate_pb2.Interpretation(
            field=field.replace("__", "."),
            kind=generate_pb2.InterpretationKind.Value(f"INTERPRETATION_KIND_{kind}"),
        )
        for field, kind in kinds.items()
    ]
    return generate_pb2.ComposedPrompt(interpretations=told)


def test_each_remedy_is_named_once_with_what_was_asked_for() -> None:
    read = composed(lighting__pattern="IGNORED", lighting__ratio="IGNORED", grade="UNDERSTOOD")
    said = list(remedies(generate_pb2.Generation(), read, Brief(light=Light(pattern="butterfly")), frozenset()))
    assert said == [
        "Not honoured: lighting.pattern, lighting.ratio; light can be thrown afterwards: "
        "`atelier relight IN -o OUT --pattern butterfly`."
    ]


def test_a_size_that_is_not_drawn_can_be_enlarged_to() -> None:
    direction = generate_pb2.Direction(composition=generate_pb2.Composition(size="4K"))
    (said,) = remedies(
        generate_pb2.Generation(direction=direction), composed(composition__size="IGNORED"), Brief(), frozenset()
    )
    assert "--target 4K" in said


def test_nothing_is_said_of_what_is_honoured() -> None:
    assert list(remedies(generate_pb2.Generation(), composed(grade="GUESSED"), Brief(), frozenset())) == []


def test_of_a_pattern_that_is_drawn_in_part_the_rest_has_a_remedy() -> None:
    read, brief = composed(lighting__pattern="UNDERSTOOD"), Brief(light=Light(pattern="butterfly"))
    part = frozenset({"lighting.pattern", "lighting.azimuth_degrees", "lighting.ratio"})
    (said,) = remedies(generate_pb2.Generation(), read, brief, part)
    assert said == (
        "Of the light's pattern butterfly, the key's height and its softness are not drawn; light can be thrown "
        "afterwards: `atelier relight IN -o OUT --pattern butterfly`."
    )
    whole = part | {"lighting.elevation_degrees", "lighting.softness"}
    assert list(remedies(generate_pb2.Generation(), read, brief, whole)) == []
