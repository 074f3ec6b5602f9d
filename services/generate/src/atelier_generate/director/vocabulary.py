"""The words that are known, as data: what each says of a field of a direction or a figure of a brief."""

from __future__ import annotations

import logging
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from atelier_generate.director.fields import fields
from atelier_generate.director.kept import kept_for_the_last
from atelier_generate.director.phrases import Phrase, Phrases, expanded, group, keys_of
from atelier_generate.director.tokens import normal, tokenise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from atelier_sdk.vocabulary import Phrase as Spoken

    from atelier_generate.director.fields import Value
    from atelier_generate.director.phrases import Group, Reading

_LOG = logging.getLogger(__name__)

VAGUE: Final = "~"
MINOR: Final = "!minor"
_PLAIN: Final = "!plain"
_GROUPS: Final = "%group"
_ADULT: Final = 18
_NEVER_ALONE: Final = frozenset({"subject.hair", "scene"})


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of directions: phrases, how prompts say values that plugins added, and the names of each field."""

    all: tuple[Phrase, ...]
    phrases: Phrases
    says: Mapping[tuple[str, Value], str]

    def read(self, text: str) -> list[Reading]:
        """Find what a text of normal form says; `!minor` is a field for what says somebody under 18."""
        found = self.phrases.read(text, tokenise(text), _accepts)
        return [one for one in found if one.field != _PLAIN]

    def names(self, field: str) -> tuple[str, ...]:
        """Return the values of a field that are names, in the order of the data."""
        return tuple(dict.fromkeys(str(one.value) for one in self.all if one.field == field))


@cache
def data(file: str) -> dict[str, Any]:
    """Read a file of the director's data. Any: TOML."""
    return tomllib.loads(resources.files("atelier_generate.director").joinpath(file).read_text(encoding="utf-8"))


@cache
def own_vocabulary() -> Vocabulary:
    """Read the vocabulary that comes with the director."""
    return vocabulary_with(())


@kept_for_the_last
def vocabulary_with(added: Iterable[Spoken]) -> Vocabulary:
    """Return the vocabulary with phrases that plugins add, after its own.

    A phrase of a field that a direction does not have, of a value out of its range or without words is left out, and
    the log says why.
    """
    extra = tuple(one for one in added if _is_usable(one))
    own = tuple(phrases_of(data("vocabulary.toml")))
    every = own + tuple(_added(extra, len(own)))
    says = {(one.field, _plain(one.value)): one.phrasing or one.words[0] for one in extra}
    return Vocabulary(every, Phrases(every, _groups(data("vocabulary.toml")[_GROUPS])), says)


def phrases_of(tables: Mapping[str, Mapping[str, list[str]]]) -> Iterator[Phrase]:
    """Make phrases of tables of fields, values and words."""
    for order, (table, value, words) in enumerate(_entries(tables)):
        field, vague = table.removeprefix(VAGUE), table.startswith(VAGUE)
        for keys, consumed in expanded(words):
            yield Phrase(field, typed(field, value), keys, consumed, order, vague)


def typed(field: str, value: str) -> Value:
    """Give the key of a table its field's type; a slot stays as it is."""
    known = fields().get(field)
    return float(value) if known is not None and known.is_number and "{" not in value else value


def phrases_in(words: str, known: Phrases) -> list[Reading]:
    """Find phrases in words of any form."""
    text = normal(words)
    return known.read(text, tokenise(text))


def _entries(tables: Mapping[str, Mapping[str, list[str]]]) -> Iterator[tuple[str, str, str]]:
    for table, values in tables.items():
        if table == _GROUPS:
            continue
        for value, several in values.items():
            for words in several:
                yield table, value, words


def _added(extra: Iterable[Spoken], order: int) -> Iterator[Phrase]:
    for count, one in enumerate(extra):
        for words in one.words:
            keys = keys_of(normal(words))
            yield Phrase(one.field, _plain(one.value), keys, len(keys), order + count)


def _is_usable(one: Spoken) -> bool:
    known = fields().get(one.field)
    usable = known is not None and known.takes(_plain(one.value))
    usable = usable and bool(one.words) and all(keys_of(normal(words)) for words in one.words)
    if not usable:
        _LOG.warning("a plugin's phrase for %s is left out: no such field or value, or no words", one.field)
    return usable


def _plain(value: Value | bool) -> Value:
    """Give a value of a plugin the type that fields have: numbers are floats, and truth is a word."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else float(value)


def _groups(tables: Mapping[str, Mapping[str, list[str]]]) -> tuple[Group, ...]:
    return tuple(
        group(field, words["adjectives"], words["heads"], order, alone=field not in _NEVER_ALONE)
        for order, (field, words) in enumerate(tables.items())
    )


def _accepts(field: str, value: Value) -> bool:
    if field == MINOR:
        return isinstance(value, str) or 0 <= value < _ADULT
    known = fields().get(field)
    return known is None or known.takes(value)
