"""What became of each field, said for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atelier.v1 import generate_pb2

from atelier_generate.director.fields import fields
from atelier_generate.director.phrasing import EMBEDDED
from atelier_generate.director.wishes import Origin, Wishes, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from atelier_generate.brief import Light
    from atelier_generate.director.opening import People
    from atelier_generate.director.wishes import Wish

_UNDERSTOOD: Final = generate_pb2.INTERPRETATION_KIND_UNDERSTOOD
_GUESSED: Final = generate_pb2.INTERPRETATION_KIND_GUESSED
_IGNORED: Final = generate_pb2.INTERPRETATION_KIND_IGNORED

_NEVER_OPEN: Final = frozenset({"subject.description", "subject.heritage", "extra", "text", "preset"})


def interpretations(
    wishes: Wishes, light: Light, family: str, honours: frozenset[str], people: People
) -> Iterator[generate_pb2.Interpretation]:
    """Say what became of each field, in the order of a direction's.

    A field that is not given and that the model would not honour is passed over.
    """
    for path in fields():
        wish = wishes.of.get(path)
        is_honoured = family != EMBEDDED or _is_honoured(path, honours)
        if path == "text":
            yield from _of_text(wishes, family)
        elif wish is not None and (is_honoured or wish.origin is not Origin.DEFAULT):
            yield _of_wish(path, wish, is_honoured=is_honoured)
        elif wish is None and is_honoured and path not in _NEVER_OPEN:
            yield _of_open(path, light, people)


def _of_open(path: str, light: Light, people: People) -> generate_pb2.Interpretation:
    """Say what becomes of a field that nothing says: the seed, the pattern of light or the model settles it."""
    if path in (drawn := _drawn(people)):
        return _said(path, _GUESSED, *drawn[path])
    group, _, leaf = path.partition(".")
    figure: float | None = getattr(light, leaf, None) if group == "lighting" and light.pattern else None
    if figure is not None:
        return _said(path, _GUESSED, shown(figure), f"The light's pattern or source has it: {light.pattern}.")
    has_side = light.pattern is not None or light.ratio is not None
    if path in {"lighting.side", "lighting.azimuth_degrees"} and has_side and light.azimuth_degrees is None:
        return _said(path, _GUESSED, "", "Each candidate's seed draws the side, both as likely.")
    return _said(path, _GUESSED, "", "Nothing says it; it is left to the model.")


def _drawn(people: People) -> Mapping[str, tuple[str, str]]:
    """Return what each candidate's seed draws, by field: from what, and how."""
    (youngest, oldest), (darkest, lightest) = people.ages, people.skin_ita_degrees
    drawn = {
        "subject.age_years": (
            f"{youngest}..{oldest}",
            "Each candidate's seed draws it, every age as likely as every other.",
        ),
        "subject.sex": ("woman or man", "Each candidate's seed draws it, both as likely."),
        "subject.skin_ita_degrees": (
            f"{darkest:g}..{lightest:g}",
            "Each candidate's seed draws it, every tone as likely as every other.",
        ),
    }
    if people.hair:
        said = "Each candidate's seed draws the tone, every one as likely as every other."
        drawn["subject.hair"] = (", ".join(people.hair), said)
    return drawn


def _is_honoured(path: str, honours: frozenset[str]) -> bool:
    """Say whether a field changes what is drawn: a preset does by the fields that it fills."""
    return path in honours or path == "preset"


def _of_wish(path: str, wish: Wish, *, is_honoured: bool) -> generate_pb2.Interpretation:
    value = shown(wish.value)
    if not is_honoured and wish.origin is not Origin.DEFAULT:
        return _said(path, _IGNORED, "", f"{_why(path, wish)} The model in use cannot honour it.")
    guessed = wish.origin in {Origin.VAGUE, Origin.PRESET, Origin.DEFAULT}
    return _said(path, _GUESSED if guessed else _UNDERSTOOD, value, _why(path, wish))


def _why(path: str, wish: Wish) -> str:
    match wish.origin:
        case Origin.FIELD:
            return "As the field says." if not wish.words else f"The field says `{wish.words}`."
        case Origin.WORDS:
            return f"Another field's words say `{wish.words}`."
        case Origin.TEXT:
            return f"The text says `{wish.words}`."
        case Origin.VAGUE if path == "lighting.side":
            return (
                f"The text says `{wish.words}`; left and right are the camera's, so it is the subject's {wish.value}."
            )
        case Origin.VAGUE:
            return f"The text says `{wish.words}`, which is taken for that."
        case Origin.PRESET:
            return f"The preset `{wish.words}` fills it."
        case Origin.DEFAULT:
            return "Nothing says it; this is the default."


def _of_text(wishes: Wishes, family: str) -> Iterator[generate_pb2.Interpretation]:
    """Say which stretches of the text were not understood."""
    for words in wishes.leftovers.all:
        if family == EMBEDDED:
            yield _said("text", _IGNORED, "", f"`{words}` was not understood, and the model in use reads no words.")
        else:
            yield _said("text", _GUESSED, words, "It was not understood; it is in the prompt as it stands.")


def _said(
    path: str, kind: generate_pb2.InterpretationKind.ValueType, value: str, why: str
) -> generate_pb2.Interpretation:
    return generate_pb2.Interpretation(field=path, kind=kind, value=value, explanation=why)
