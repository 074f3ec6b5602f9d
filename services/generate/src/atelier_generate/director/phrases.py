"""Phrases that say a value, and finding them in a text."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from atelier_generate.director.tokens import least, middle, number, period, tokenise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from atelier_generate.director.fields import Value
    from atelier_generate.director.tokens import Token

_SLOTS: Final[Mapping[str, Callable[[Sequence[Token], int], tuple[float, int] | None]]] = {
    "{n}": number,
    "{period}": period,
    "{middle}": middle,
    "{least}": least,
}

_LONGEST_GROUP: Final = 16


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words, as keys of tokens and slots, that say a value of a field; `vague` ones yield to others.

    The first `consumed` of the keys are taken; the others only have to be there. A value that names the slot is the
    number that stands there.
    """

    field: str
    value: Value
    keys: tuple[str, ...]
    consumed: int
    order: int
    vague: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What a stretch of a text says: tokens `first` up to `last`, of `words`."""

    field: str
    value: Value
    first: int
    last: int
    words: str
    order: int
    vague: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Adjectives before a noun, whose words as they stand are the value of a field.

    Where `alone` is not set the noun by itself says nothing, such as `hair`.
    """

    field: str
    adjectives: Mapping[str, tuple[tuple[str, ...], ...]]
    heads: Mapping[str, tuple[tuple[str, ...], ...]]
    order: int
    alone: bool

    def read(self, tokens: Sequence[Token], at: int) -> int:
        """Return where a phrase of the group that begins at a token ends; `at` where none does."""
        place = at
        # No phrase is longer, and a text of nothing but adjectives is read in linear time.
        while place < min(len(tokens), at + _LONGEST_GROUP):
            noun = _longest(self.heads, tokens, place)
            if noun and (place > at or self.alone):
                return place + noun
            # A comma or `and` joins two adjectives: long, grey hair.
            step = _longest(self.adjectives, tokens, place)
            if not step and place > at and tokens[place].key in {",", "and"}:
                step = 1
            if not step:
                return at
            place += step
        return at


def expanded(words: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """Write out a phrase with alternatives: its keys, and how many of them are consumed (those before `>`)."""
    taken, _, ahead = words.partition(">")
    for choice in itertools.product(*(part.split("|") for part in taken.split())):
        before = keys_of(" ".join(choice))
        yield before + keys_of(ahead), len(before)


def keys_of(words: str) -> tuple[str, ...]:
    """Return the keys of words, which may hold slots."""
    parts = (((part,) if part in _SLOTS else tuple(one.key for one in tokenise(part))) for part in words.split())
    return tuple(itertools.chain.from_iterable(parts))


def group(field: str, adjectives: Iterable[str], heads: Iterable[str], order: int, *, alone: bool) -> Group:
    """Make a group of its words."""
    return Group(field, _by_first(map(keys_of, adjectives)), _by_first(map(keys_of, heads)), order, alone)


class Phrases:
    """Phrases, found by the word they begin with."""

    def __init__(self, phrases: Iterable[Phrase], groups: Iterable[Group] = ()) -> None:
        """Sort phrases by their first word."""
        self._groups = tuple(groups)
        self._by_first: dict[str, list[Phrase]] = defaultdict(list)
        for phrase in phrases:
            self._by_first[phrase.keys[0]].append(phrase)

    def read(
        self, text: str, tokens: Sequence[Token], accepts: Callable[[str, Value], bool] = lambda _field, _value: True
    ) -> list[Reading]:
        """Find what a text says, from its beginning, the longest phrase at each word.

        `accepts` says whether a value lies in a field's range; a phrase of which no value does is none.
        """
        found: list[Reading] = []
        at = 0
        while at < len(tokens):
            here = self._at(text, tokens, at, accepts)
            found.extend(here)
            at = max((one.last for one in here), default=at + 1)
        return found

    def _at(self, text: str, tokens: Sequence[Token], at: int, accepts: Callable[[str, Value], bool]) -> list[Reading]:
        """Return the readings of the longest phrase at a token."""
        best: list[Reading] = []
        reach = 0
        for length, reading in itertools.chain(self._phrases(text, tokens, at), self._grouped(text, tokens, at)):
            if length >= reach and accepts(reading.field, reading.value):
                best = [*best, reading] if length == reach else [reading]
                reach = length
        return best

    def _phrases(self, text: str, tokens: Sequence[Token], at: int) -> Iterator[tuple[int, Reading]]:
        starts = (tokens[at].key, *_SLOTS)
        for phrase in itertools.chain.from_iterable(self._by_first.get(key, ()) for key in starts):
            met = _met(phrase, tokens, at)
            if met is None:
                continue
            end, last, slot = met
            words = text[tokens[at].start : tokens[last - 1].end]
            yield (
                end - at,
                Reading(phrase.field, _filled(phrase.value, slot), at, last, words, phrase.order, phrase.vague),
            )

    def _grouped(self, text: str, tokens: Sequence[Token], at: int) -> Iterator[tuple[int, Reading]]:
        for one in self._groups:
            end = one.read(tokens, at)
            if end > at:
                words = text[tokens[at].start : tokens[end - 1].end]
                yield end - at, Reading(one.field, words.casefold(), at, end, words, one.order)


def _met(phrase: Phrase, tokens: Sequence[Token], at: int) -> tuple[int, int, float | None] | None:
    """Match a phrase: where it ends, where what it takes ends, and the number in its slot."""
    place, last, slot = at, at, None
    for count, key in enumerate(phrase.keys):
        if place >= len(tokens):
            return None
        if key in _SLOTS:
            said = _SLOTS[key](tokens, place)
            if said is None:
                return None
            slot, step = said
        elif tokens[place].key == key:
            step = 1
        else:
            return None
        place += step
        last = place if count < phrase.consumed else last
    return place, last, slot


def _filled(value: Value, slot: float | None) -> Value:
    if slot is None or not isinstance(value, str) or "{" not in value:
        return value
    return -slot if value.startswith("-") else slot


def _by_first(phrases: Iterable[tuple[str, ...]]) -> dict[str, tuple[tuple[str, ...], ...]]:
    found: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for keys in phrases:
        found[keys[0]].append(keys)
    return {first: tuple(sorted(several, key=len, reverse=True)) for first, several in found.items()}


def _longest(known: Mapping[str, tuple[tuple[str, ...], ...]], tokens: Sequence[Token], at: int) -> int:
    for keys in known.get(tokens[at].key, ()):
        if tuple(token.key for token in tokens[at : at + len(keys)]) == keys:
            return len(keys)
    return 0
