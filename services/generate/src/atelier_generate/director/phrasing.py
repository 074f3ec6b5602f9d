"""Prompts: what is wished, said as a family of models reads it best."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Final

from atelier_sdk.errors import PresetUnknownError

from atelier_generate.director.presets import unknown
from atelier_generate.director.vocabulary import data
from atelier_generate.director.wishes import Origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from atelier_generate.director.vocabulary import Vocabulary
    from atelier_generate.director.wishes import Wishes

EMBEDDED: Final = "embedded"
TAGS: Final = "tags"
_COUNTED: Final = frozenset(
    ("beard", "moustache", "mustache", "goatee", "afro", "bob", "bun", "ponytail", "head", "face")
)
_HOLE: Final = re.compile(r"\{(a )?(\w+)(?:\|([^}]*))?\}")
_LONGEST: Final = 4000
_AN: Final = re.compile(r"(8|11\b|18\b|[aeio]|un(?!i))", re.IGNORECASE)


def family_of(name: str) -> str:
    """Return the family of a name or of one of its models. Raises PresetUnknownError with the nearest names."""
    asked = name.strip().casefold()
    known = _families()
    if asked in known:
        return known[asked]
    violation = unknown("family of models", name, known, "family")
    raise PresetUnknownError(violation.description, violations=(violation,))


def prompts(wishes: Wishes, family: str, vocabulary: Vocabulary) -> tuple[str, str]:
    """Write prompt and negative prompt for a family, 4000 characters at most.

    The order is subject, scene, light and mood, camera, material, purpose.
    """
    form = data("phrasings.toml")["family"][family]
    wishes = _reworded(wishes, vocabulary)
    words = {**_subject(wishes, family), **_scenery(wishes), **_picture(wishes)}
    parts = (form["joint"].join(_pieces(part, words)) for part in form["parts"])
    sentences = [_capital(part) if form["end"] else part for part in parts if part]
    return (form["between"].join(sentences) + form["end"])[:_LONGEST], ", ".join(_negative(wishes, form["negative"]))


def _reworded(wishes: Wishes, vocabulary: Vocabulary) -> Wishes:
    """Put the phrasings that plugins give their values in the values' place."""
    reworded = dict(wishes.of)
    for path, wish in wishes.of.items():
        if isinstance(wish.value, str) and vocabulary.says:
            names = wish.value.split(", ")
            said = ", ".join(vocabulary.says.get((path, name), name) for name in names)
            reworded[path] = replace(wish, value=said)
    return replace(wishes, of=reworded)


def _subject(wishes: Wishes, family: str) -> dict[str, str]:
    said = wishes.text("subject.description")
    description = said or ", ".join(wishes.leftovers.subject)
    is_noun = bool(said) or description.casefold().startswith(("a ", "an ", "the "))
    who = _who(wishes, is_described=is_noun)
    if family != TAGS:
        who = with_article(who) if who else ""
    features = [
        _hair(wishes, "subject.hair", family),
        _hair(wishes, "subject.facial_hair", family),
        _own(wishes, "subject.eyewear"),
        _tone(wishes),
    ]
    return {
        "who": ", ".join(filter(None, (who, description))),
        "features": _listed([one for one in features if one], family),
    }


def _who(wishes: Wishes, *, is_described: bool) -> str:
    """Say age, heritage and sex; a person of whom none is known is a person, if no description says more."""
    age, heritage = wishes.number("subject.age_years"), wishes.text("subject.heritage")
    old = f"{age:g}-year-old" if age is not None and _said(wishes, "subject.age_years") else ""
    comes_after = heritage.casefold().startswith(("of ", "from "))
    sex = _own(wishes, "subject.sex")
    noun = sex or ("person" if old or heritage or not is_described else "")
    words = (old, noun, heritage) if comes_after else (old, heritage, noun)
    return " ".join(filter(None, words))


def _hair(wishes: Wishes, path: str, family: str) -> str:
    words = _own(wishes, path)
    if family == TAGS:
        return words
    words = data("phrasings.toml")["hair"].get(words, words)
    return with_article(words) if words.split(" ")[-1] in _COUNTED else words


def _tone(wishes: Wishes) -> str:
    path = "subject.skin_ita_degrees"
    return _upto("skin", wishes.number(path)) if _said(wishes, path) else ""


def _scenery(wishes: Wishes) -> dict[str, str]:
    scene = wishes.text("scene")
    where = with_article(scene) if scene.endswith(("background", "backdrop", "wall")) else scene
    light = [
        _named("light", "lighting.pattern", wishes),
        _named("light", "lighting.source", wishes),
    ]
    light += [_side(wishes), *(_shade(wishes, path) for path in ("elevation_degrees", "ratio", "softness", "kelvin"))]
    return {"scene": where, "light": ", ".join(dict.fromkeys(filter(None, light))), "mood": _own(wishes, "mood")}


def _picture(wishes: Wishes) -> dict[str, str]:
    focal, aperture = wishes.number("lens.focal_mm"), wishes.number("lens.aperture")
    texture, imperfections = wishes.number("skin.texture"), wishes.number("skin.imperfections")
    extra = [wishes.text("extra"), *wishes.leftovers.other, *wishes.leftovers.weighted]
    return {
        "shot": wishes.text("shot"),
        "pose": wishes.text("pose"),
        "expression": wishes.text("expression"),
        "framing": _named("framing", "composition.framing", wishes),
        "focal": f"{focal:g} mm" if focal is not None else "",
        "aperture": f"f/{aperture:g}" if aperture is not None else "",
        "depth": _upto("aperture", aperture),
        "texture": _upto("texture", texture),
        "imperfections": _upto("imperfections", imperfections),
        "finish": _named("finish", "skin.finish", wishes),
        "grade": _named("grade", "grade", wishes),
        "purpose": _named("purpose", "purpose", wishes),
        "extra": ", ".join(filter(None, extra)),
    }


def _said(wishes: Wishes, path: str) -> bool:
    """Say whether a field is to be said: not where the words it was read from stand in the prompt already."""
    wish = wishes.of.get(path)
    return wish is not None and wish.origin is not Origin.WORDS


def _own(wishes: Wishes, path: str) -> str:
    return wishes.text(path) if _said(wishes, path) else ""


def _named(table: str, path: str, wishes: Wishes) -> str:
    """Say a field's names as the data says them, and words of one's own as they stand."""
    if not _said(wishes, path):
        return ""
    known = data("phrasings.toml")[table]
    names = wishes.text(path).split(", ")
    said = (known.get(name, name.replace("_", " ")) for name in names)
    return ", ".join(filter(None, said))


def _side(wishes: Wishes) -> str:
    """Say the key's side as the camera sees it: the subject's left is the picture's right."""
    azimuth = wishes.number("lighting.azimuth_degrees")
    side = wishes.text("lighting.side")
    if azimuth is not None and azimuth != 0:
        side = "left" if azimuth > 0 else "right"
    return f"light from the {'right' if side == 'left' else 'left'} of the picture" if side else ""


def _shade(wishes: Wishes, of: str) -> str:
    path = f"lighting.{of}"
    return _upto(of.removesuffix("_degrees"), wishes.number(path)) if _said(wishes, path) else ""


def _upto(table: str, value: float | None) -> str:
    entries: list[dict[str, float | str]] = data("phrasings.toml")["upto"][table]
    if value is None:
        return ""
    return str(next((one["words"] for one in entries if value <= float(one["upto"])), ""))


def _pieces(part: Iterable[str], words: Mapping[str, str]) -> list[str]:
    """Fill the pieces of a part; a piece with a hole that stays empty is left out."""
    filled: list[str] = []
    for piece in part:
        missing = [hole for _, hole, instead in _HOLE.findall(piece) if not words[hole] and not instead]
        if not missing:
            filled.append(_HOLE.sub(lambda hole: _hole(hole, words), piece))
    return filled


def _hole(hole: re.Match[str], words: Mapping[str, str]) -> str:
    found = words[hole[2]]
    if not found:
        return hole[3]
    return with_article(found) if hole[1] else found


def with_article(words: str) -> str:
    """Put `a` or `an` before words that have no article."""
    if words.casefold().startswith(("a ", "an ", "the ")):
        return words
    return f"{'an' if _AN.match(words) else 'a'} {words}"


def _listed(words: list[str], family: str) -> str:
    if family == "tags" or len(words) < 2:
        return ", ".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def _negative(wishes: Wishes, common: Iterable[str]) -> list[str]:
    """Add what a wish excludes to what a family's negative prompt always has."""
    excluded = {"no glasses": "glasses", "clean-shaven": "beard", "bald": "hair"}
    fields = ("subject.eyewear", "subject.facial_hair", "subject.hair")
    words = list(common)
    return [*words, *(excluded[wishes.text(path)] for path in fields if words and wishes.text(path) in excluded)]


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


@cache
def _families() -> Mapping[str, str]:
    families = data("phrasings.toml")["family"]
    return {name: family for family, form in families.items() for name in (family, *form["models"])}
