"""What of a text was not understood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from atelier_generate.director.tokens import tokenise, weighted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from atelier_generate.director.phrases import Reading
    from atelier_generate.director.tokens import Token

_ENDS: Final = frozenset(",;.!?|()[]{}<>")
_ARTICLES: Final = frozenset({"a", "an", "the"})
# Words that carry nothing at the ends of what is left over, and words that carry nothing by themselves.
_GLUE: Final = frozenset({
    "a", "an", "the", "of", "and", "or", "with", "in", "on", "at", "by", "from", "for", "to", "is", "are", "as", "his",
    "her", "their", "its", "has", "have", "who", "s",
})  # fmt: skip
_EMPTY: Final = _GLUE | {
    "wearing", "shot", "taken", "photo", "photograph", "picture", "image", "portrait", "portraits", "photography",
    "style", "look", "mood", "light", "lighting", "lens", "camera", "please", "show", "me", "draw", "make", "create",
    "generate", "skin", "hair", "looking", "very", "slightly", "quite", "rather",
}  # fmt: skip


# What may stand at the beginning of what is left over.
_LEADING: Final = _ARTICLES | {"in", "with", "on", "at", "by", "from"}


@dataclass(frozen=True, slots=True)
class Leftovers:
    """Stretches of a text as they stand: `subject` ones describe the person, `other` ones anything.

    `weighted` ones are in brackets with a weight; they were read, and stay for models that know weights.
    """

    subject: tuple[str, ...] = ()
    other: tuple[str, ...] = ()
    weighted: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """Return what was not understood."""
        return self.subject + self.other


def leftovers_of(text: str, readings: Sequence[Reading]) -> Leftovers:
    """Collect what readings leave of a text of normal form, in alphabetical order."""
    tokens = tokenise(text)
    spans = weighted(text)
    about = {place for one in readings if one.field.startswith("subject.") for place in range(one.first, one.last)}
    read = {place for one in readings for place in range(one.first, one.last)}
    read |= {place for place, one in enumerate(tokens) if any(first <= one.start < last for first, last in spans)}
    subject: set[str] = set()
    other: set[str] = set()
    for first, last in _clauses(tokens):
        describes = tokens[first].key in _ARTICLES or any(place in about for place in range(first, last))
        for words in _runs(text, tokens, read, first, last):
            (subject if describes else other).add(words)
    kept = tuple(sorted({text[start:end] for start, end in spans}))
    return Leftovers(tuple(sorted(subject)), tuple(sorted(other)), kept)


def _clauses(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Part tokens at commas and the like."""
    first = 0
    for place, token in enumerate(tokens):
        if token.key in _ENDS:
            if place > first:
                yield first, place
            first = place + 1
    if len(tokens) > first:
        yield first, len(tokens)


def _runs(text: str, tokens: Sequence[Token], read: set[int], first: int, last: int) -> Iterator[str]:
    """Return what of a clause was not read, without empty words at its ends."""
    run: list[int] = []
    for place in range(first, last + 1):
        if place < last and place not in read:
            run.append(place)
            continue
        while run and _is_glue(tokens[run[0]]) and tokens[run[0]].key not in _LEADING:
            run.pop(0)
        while run and _is_glue(tokens[run[-1]]):
            run.pop()
        if not all(tokens[one].key in _EMPTY for one in run):
            yield text[tokens[run[0]].start : tokens[run[-1]].end]
        run = []


def _is_glue(token: Token) -> bool:
    return token.key in _GLUE or not token.is_word
