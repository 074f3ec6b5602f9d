"""What is wished of each field, and who says so: the fields themselves, the text, a preset, or the director."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final

from atelier.v1 import generate_pb2
from atelier_sdk.errors import FieldOutOfRangeError, FieldViolation, PresetUnknownError

from atelier_generate.director.fields import MANY, NAMED, PROSE, Value, fields, given
from atelier_generate.director.leftovers import Leftovers, leftovers_of
from atelier_generate.director.presets import unknown
from atelier_generate.director.tokens import normal
from atelier_generate.director.vocabulary import MINOR

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from atelier_generate.director.phrases import Reading
    from atelier_generate.director.presets import Preset
    from atelier_generate.director.vocabulary import Vocabulary

DEFAULTS: Final[Mapping[str, Value]] = {
    "lens.focal_mm": 85.0,
    "lens.aperture": 2.8,
    "skin.texture": 0.7,
    "skin.finish": "natural",
    "skin.imperfections": 0.3,
    "composition.aspect": "4:5",
    "composition.size": "1K",
    "composition.framing": "head-and-shoulders",
}

_EXCLUSIVE: Final[Mapping[str, str]] = {
    "subject.hair": "bald",
    "subject.facial_hair": "clean-shaven",
    "subject.eyewear": "no glasses",
}
_STRONGEST: Final = "skin.imperfections"
_CLOSE_UP_FOCAL_MM: Final = 50.0
_FLAT_RATIO: Final = 3.0
_NAMED_AT_MOST: Final = 4


class Origin(Enum):
    """Who says what a field is."""

    FIELD = "the field"
    WORDS = "words of another field"
    TEXT = "the text"
    VAGUE = "the text, roughly"
    PRESET = "a preset"
    DEFAULT = "the default"


@dataclass(frozen=True, slots=True)
class Wish:
    """A value that is wished, who says so, and the words it was read from or the preset's name."""

    value: Value
    origin: Origin
    words: str = ""


@dataclass(slots=True)
class Wishes:
    """What is wished of each field by its path, and the warnings; gathered by `gather` and not changed after it."""

    of: dict[str, Wish] = field(default_factory=dict)
    leftovers: Leftovers = field(default_factory=Leftovers)
    warnings: list[generate_pb2.PromptWarning] = field(default_factory=list)
    violations: list[FieldViolation] = field(default_factory=list)
    unknown: list[FieldViolation] = field(default_factory=list)

    def value(self, path: str) -> Value | None:
        """Return what is wished of a field; None where it is open."""
        wish = self.of.get(path)
        return None if wish is None else wish.value

    def text(self, path: str) -> str:
        """Return the words that are wished of a field; empty where it is open."""
        value = self.value(path)
        return "" if value is None else str(value)

    def number(self, path: str) -> float | None:
        """Return the number that is wished of a field."""
        value = self.value(path)
        return value if isinstance(value, float | int) else None

    def warn(self, path: str, phrase: str, suggestion: str, explanation: str) -> None:
        """Add a warning."""
        self.warnings.append(
            generate_pb2.PromptWarning(field=path, phrase=phrase, suggestion=suggestion, explanation=explanation)
        )

    def check(self) -> None:
        """Raise what is at fault: PresetUnknownError where a name is unknown, else FieldOutOfRangeError."""
        faults = (*self.unknown, *self.violations)
        if not faults:
            return
        message = "; ".join(one.description for one in faults)
        error = PresetUnknownError if self.unknown else FieldOutOfRangeError
        raise error(message, violations=faults)


def gather(
    direction: generate_pb2.Direction, vocabulary: Vocabulary, presets: Mapping[str, Preset], *, lenient: bool = False
) -> Wishes:
    """Read a direction: fields win over text, text over presets, presets over defaults.

    A `lenient` reading leaves a field open of which a text says two things, and warns; else that is a violation.
    """
    wishes = Wishes({path: Wish(value, Origin.FIELD) for path, value in given(direction).items()})
    _name(wishes, vocabulary)
    _read_text(wishes, vocabulary, lenient=lenient)
    _read_prose(wishes, vocabulary)
    _fill_from_presets(wishes, presets)
    for path, value in DEFAULTS.items():
        wishes.of.setdefault(path, Wish(value, Origin.DEFAULT))
    _caution(wishes)
    return wishes


def _name(wishes: Wishes, vocabulary: Vocabulary) -> None:
    """Make the names of fields that take names theirs, and note those that nobody knows."""
    for path in NAMED:
        said = wishes.text(path)
        names = vocabulary.names(path)
        if not said or said in names:
            continue
        read = [str(one.value) for one in vocabulary.read(normal(said)) if one.field == path]
        if not read:
            wishes.unknown.append(unknown(path.rpartition(".")[2], said, names, path))
        else:
            wishes.of[path] = Wish(read[0], Origin.FIELD, said)


def _read_text(wishes: Wishes, vocabulary: Vocabulary, *, lenient: bool) -> None:
    text = normal(wishes.text("text"))
    readings = vocabulary.read(text)
    wishes.leftovers = leftovers_of(text, readings)
    _refuse_minors(wishes, readings, "text")
    for path, several in _by_field(readings).items():
        wish = _one_of(several)
        if wish is None:
            _contradicted(wishes, path, several, lenient=lenient)
        elif path in wishes.of:
            _overruled(wishes, path, wish)
        else:
            wishes.of[path] = wish
    _sources_of_light(wishes, readings)


def _one_of(several: Sequence[Reading]) -> Wish | None:
    """Make one wish of all that a text says of a field; None where it contradicts itself."""
    firm = sorted((one for one in several if not one.vague), key=lambda one: (one.order, str(one.value)))
    path = several[0].field
    if not firm:
        vague = min(several, key=lambda one: (one.order, str(one.value)))
        return Wish(vague.value, Origin.VAGUE, vague.words)
    values = list(dict.fromkeys(one.value for one in firm))
    words = ", ".join(sorted({one.words for one in firm}))
    if path == _STRONGEST:
        return Wish(max(values, key=float), Origin.TEXT, words)
    if path in MANY:
        alone = _EXCLUSIVE.get(path)
        return None if alone in values and len(values) > 1 else Wish(", ".join(map(str, values)), Origin.TEXT, words)
    return Wish(values[0], Origin.TEXT, words) if len(values) == 1 else None


def _contradicted(wishes: Wishes, path: str, several: Sequence[Reading], *, lenient: bool) -> None:
    words = sorted({one.words for one in several if not one.vague})
    said = " and ".join(f"`{one}`" for one in words[:_NAMED_AT_MOST])
    if path in wishes.of or lenient:
        wishes.warn("text", words[0], "", f"The text says both {said}; neither is used for {path}.")
    else:
        wishes.violations.append(FieldViolation("text", f"the text says both {said} of {path}, which cannot both be"))


def _overruled(wishes: Wishes, path: str, wish: Wish) -> None:
    has = wishes.of[path]
    if has.value != wish.value and wish.origin is not Origin.VAGUE and path not in MANY:
        why = f"The field {path} says {shown(has.value)}, and fields win over the text."
        wishes.warn("text", wish.words, shown(has.value), why)


def _sources_of_light(wishes: Wishes, readings: Iterable[Reading]) -> None:
    """Keep what the text says of where light comes from beside a pattern that says how it stands.

    `Rembrandt light` from a `soft window` is a window's softness and colour in Rembrandt's place.
    """
    sources = [one for one in readings if one.field == "lighting.pattern" and one.vague]
    if not sources or wishes.of["lighting.pattern"].origin is Origin.VAGUE:
        return
    wishes.of["lighting.source"] = Wish(min(sources, key=lambda one: one.order).value, Origin.TEXT, sources[0].words)


def _read_prose(wishes: Wishes, vocabulary: Vocabulary) -> None:
    """Read fields that are still open out of the words of other fields."""
    for path in PROSE:
        wish = wishes.of.get(path)
        if wish is None or wish.origin is not Origin.FIELD:
            continue
        readings = vocabulary.read(normal(str(wish.value)))
        _refuse_minors(wishes, readings, path)
        for other, several in _by_field(readings).items():
            read = _one_of(several)
            if read is None:
                why = f"its words contradict each other on {other}"
                wishes.violations.append(FieldViolation(path, why))
            elif other not in wishes.of and (other not in PROSE or path in {"extra", "subject.description"}):
                wishes.of[other] = Wish(read.value, Origin.WORDS, read.words)
            elif other != path and other not in MANY and wishes.value(other) != read.value and not several[0].vague:
                has = shown(wishes.of[other].value)
                wishes.warn(path, read.words, has, f"{other} says {has}, and it wins.")


def _fill_from_presets(wishes: Wishes, presets: Mapping[str, Preset]) -> None:
    for path in ("preset", "purpose"):
        said = wishes.text(path)
        for name in [said] if said in presets else said.split(", "):
            if name in presets:
                for filled, value in presets[name].values.items():
                    wishes.of.setdefault(filled, Wish(value, Origin.PRESET, name))
            elif name and path == "preset":
                wishes.unknown.append(unknown("preset", name, presets, path))


def _refuse_minors(wishes: Wishes, readings: Iterable[Reading], path: str) -> None:
    minors = dict.fromkeys(one.words for one in readings if one.field == MINOR)
    for words in list(minors)[:_NAMED_AT_MOST]:
        why = f"`{words}` says somebody under 18, and only adults are drawn; say an age of 18 years or above"
        wishes.violations.append(FieldViolation(path, why))


def _caution(wishes: Wishes) -> None:
    """Warn of fields that do not suit each other and can be honoured all the same."""
    focal, ratio = wishes.number("lens.focal_mm"), wishes.number("lighting.ratio")
    close = wishes.text("composition.framing") == "close-up"
    if close and focal is not None and focal < _CLOSE_UP_FOCAL_MM:
        why = "A close-up with a short lens is taken from so near that the nose grows and the ears shrink."
        wishes.warn("lens.focal_mm", f"{shown(focal)} mm", "85 mm", why)
    if wishes.text("lighting.pattern") == "flat" and ratio is not None and ratio > _FLAT_RATIO:
        why = "Flat light has hardly any shadow side; with that ratio it is no longer flat."
        wishes.warn("lighting.ratio", f"{shown(ratio)}:1", "1.4:1", why)
    _caution_side(wishes)


def _caution_side(wishes: Wishes) -> None:
    azimuth, side = wishes.number("lighting.azimuth_degrees"), wishes.text("lighting.side")
    if azimuth and side and (azimuth > 0) != (side == "left"):
        why = "The azimuth is on the other side; it wins."
        wishes.warn("lighting.side", side, "left" if azimuth > 0 else "right", why)


def _by_field(readings: Iterable[Reading]) -> dict[str, list[Reading]]:
    """Sort readings by field, in the order of a direction's fields."""
    found: dict[str, list[Reading]] = defaultdict(list)
    for one in readings:
        found[one.field].append(one)
    return {path: found[path] for path in fields() if path in found}


def shown(value: Value) -> str:
    """Write a value for people."""
    return value if isinstance(value, str) else f"{value:g}"
