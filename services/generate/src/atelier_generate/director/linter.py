"""Words that make faces look synthetic."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from atelier.v1 import generate_pb2

from atelier_generate.director.phrases import Phrase, Phrases, expanded
from atelier_generate.director.tokens import normal, tokenise
from atelier_generate.director.vocabulary import data

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


def lint(words: Mapping[str, str]) -> list[generate_pb2.PromptWarning]:
    """Warn of offences in words by their fields' paths, in the order of the words; each once for each field."""
    return [warning for field, text in words.items() for warning in _of(field, normal(text))]


def _of(field: str, text: str) -> Iterable[generate_pb2.PromptWarning]:
    found = {one.words.casefold(): one for one in reversed(_offences().read(text, tokenise(text)))}
    for one in sorted(found.values(), key=lambda one: one.first):
        entry = data("offences.toml")["offence"][int(one.value)]
        yield generate_pb2.PromptWarning(
            field=field, phrase=one.words, suggestion=entry["suggestion"], explanation=entry["explanation"]
        )


@cache
def _offences() -> Phrases:
    return Phrases(_phrases())


def _phrases() -> Iterator[Phrase]:
    for count, entry in enumerate(data("offences.toml")["offence"]):
        for words in entry["words"]:
            for keys, consumed in expanded(words):
                yield Phrase("offence", float(count), keys, consumed, count)
