"""Words, numbers and signs of a text, and the numbers that words say."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from atelier_generate.director.fields import clean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TOKEN: Final = re.compile(r"\d+(?:[.,]\d+)?|(?<=\w)'[^\W\d_]+|[^\W\d_]+(?:_[^\W\d_]+)*|[^\s\w]|_")
_WEIGHT: Final = re.compile(r"\([^()]*[^\d\s():][^():]*:\s*\d+(?:\.\d+)?\s*\)")
_JOINS_WORDS: Final = frozenset("-\u2010\u2011\u2013\u2014\u2212")
_PLAIN: Final = str.maketrans({"\u2018": "'", "\u2019": "'", "\u02bc": "'", "\u2236": ":"})

_ONES: Final = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS: Final[Mapping[str, int]] = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_DECADES: Final[Mapping[str, int]] = {f"{word[:-1]}ies": ten for word, ten in _TENS.items()}
_UP_TO: Final = frozenset({"to", "and", "or", "till", "until"})
_PARTS: Final[Mapping[str, int]] = {"early": 2, "mid": 5, "middle": 5, "late": 8}


@dataclass(frozen=True, slots=True)
class Token:
    """A word, number or sign: `key` is what it is compared by, `start` and `end` are places in the text."""

    key: str
    start: int
    end: int

    @property
    def is_word(self) -> bool:
        """Say whether it is a word or a number."""
        return self.key[:1].isalnum() or self.key.startswith("'")


def normal(text: str) -> str:
    """Return the text in the form in which it is read (NFKC, one line), the same if it is in it already."""
    return clean(unicodedata.normalize("NFKC", text).translate(_PLAIN))


def tokenise(text: str) -> list[Token]:
    """Take a text of normal form apart. Hyphens join nothing and separate nothing."""
    found = (Token(one[0].casefold(), *one.span()) for one in _TOKEN.finditer(text))
    return [token for token in found if token.key not in _JOINS_WORDS]


def weighted(text: str) -> list[tuple[int, int]]:
    """Return where words stand in brackets with a weight, such as `(freckles:1.4)`."""
    return [one.span() for one in _WEIGHT.finditer(text)]


def number(tokens: Sequence[Token], at: int) -> tuple[float, int] | None:
    """Read a number in figures or words at a place: its value, and how many tokens it takes."""
    key = tokens[at].key
    if key[0].isdecimal():
        return float(key.replace(",", ".")), 1
    if key in _TENS:
        unit = tokens[at + 1].key if at + 1 < len(tokens) else ""
        return (_TENS[key] + _ONES.index(unit), 2) if unit in _ONES[1:10] else (_TENS[key], 1)
    return (_ONES.index(key), 1) if key in _ONES else None


def period(tokens: Sequence[Token], at: int) -> tuple[float, int] | None:
    """Read an age by its decade, such as `fifties`, `50s` or `early thirties`: its middle, and the tokens it takes."""
    part = _PARTS.get(tokens[at].key)
    place = at if part is None else at + 1
    if place >= len(tokens):
        return None
    taken = 1 if part is None else 2
    key = tokens[place].key
    within = 5 if part is None else part
    if key in _DECADES:
        return _DECADES[key] + within, taken
    after = tokens[place + 1] if place + 1 < len(tokens) else None
    is_decade = key.isdecimal() and len(key) == 2 and key.endswith("0") and after is not None and after.key == "s"
    return (int(key) + within, taken + 1) if is_decade else None


def middle(tokens: Sequence[Token], at: int) -> tuple[float, int] | None:
    """Read the ages from one to another, such as `30 to 40` or `30s or 40s`: their middle, and the tokens they take."""
    found = _span(tokens, at)
    return None if found is None else (float(round((found[0] + found[1]) / 2)), found[2])


def least(tokens: Sequence[Token], at: int) -> tuple[float, int] | None:
    """Read ages as `middle` does: the lowest, and the tokens they take."""
    found = _span(tokens, at)
    return None if found is None else (found[0], found[2])


def _span(tokens: Sequence[Token], at: int) -> tuple[float, float, int] | None:
    """Return two rising ages with `to` or the like between them, or a hyphen, and the tokens they take."""
    low = _age(tokens, at)
    if low is None:
        return None
    place = at + low[1]
    place += place < len(tokens) and tokens[place].key in _UP_TO
    high = _age(tokens, place)
    return (low[0], high[0], place + high[1] - at) if high is not None and low[0] < high[0] else None


def _age(tokens: Sequence[Token], at: int) -> tuple[float, int] | None:
    return (period(tokens, at) or number(tokens, at)) if at < len(tokens) else None
