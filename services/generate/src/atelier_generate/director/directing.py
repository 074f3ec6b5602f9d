"""The director: from a direction to a prompt, a brief, and what became of each field."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from atelier.v1 import generate_pb2

from atelier_generate.director.briefing import brief_of
from atelier_generate.director.fields import PROSE
from atelier_generate.director.interpretation import interpretations
from atelier_generate.director.linter import lint
from atelier_generate.director.opening import ANYBODY, HAIR, People
from atelier_generate.director.phrasing import family_of, prompts
from atelier_generate.director.presets import presets_with
from atelier_generate.director.vocabulary import own_vocabulary, vocabulary_with
from atelier_generate.director.wishes import Origin, Wish, Wishes, gather

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atelier_sdk.preset import Preset as Offered
    from atelier_sdk.vocabulary import Phrase as Spoken

    from atelier_generate.brief import Brief
    from atelier_generate.director.vocabulary import Vocabulary

_LINTED: Final[tuple[str, ...]] = (*PROSE, "text", "subject.hair", "subject.sex", "grade", "purpose", "skin.finish")
_BOTH: Final = 0.5
_DESCRIBES: Final = ("subject.description", "subject.heritage")


@dataclass(frozen=True, slots=True)
class Composed:
    """A direction as it was read: the words for models that read words, the brief for those that take figures."""

    prompt: str
    negative_prompt: str
    brief: Brief
    warnings: tuple[generate_pb2.PromptWarning, ...]
    interpretations: tuple[generate_pb2.Interpretation, ...]
    family: str
    wishes: Wishes = field(repr=False)
    vocabulary: Vocabulary = field(repr=False)

    def message(self) -> generate_pb2.ComposedPrompt:
        """Make the message."""
        return generate_pb2.ComposedPrompt(
            prompt=generate_pb2.Prompt(text=self.prompt, negative_text=self.negative_prompt),
            warnings=self.warnings,
            interpretations=self.interpretations,
        )

    def prompt_for(self, brief: Brief) -> tuple[str, str]:
        """Write prompt and negative prompt with what the seed drew where this direction is open, as in `brief`.

        Not for a person who is given by references or a profile: what was drawn would contradict them. Where words
        describe the person, or a heritage is given, nothing that was drawn is said either, for the same reason.
        """
        if any(path in self.wishes.of for path in _DESCRIBES) or self.wishes.leftovers.subject:
            return self.prompt, self.negative_prompt
        drawn = {path: wish for path, wish in _drawn(brief).items() if path not in self.wishes.of}
        return prompts(replace(self.wishes, of={**self.wishes.of, **drawn}), self.family, self.vocabulary)


def direct(
    direction: generate_pb2.Direction,
    family: str,
    honours: frozenset[str],
    vocabulary: Sequence[Spoken] = (),
    presets: Sequence[Offered] = (),
    people: People = ANYBODY,
) -> Composed:
    """Read a direction and phrase it for a family of models.

    `honours` are the paths of the fields that change what the model draws; models that read words honour all of them.
    `vocabulary` and `presets` are added by plugins; `people` are those that the model draws where nobody is said.

    Raises PresetUnknownError with the nearest names, FieldOutOfRangeError where fields cannot be honoured together or
    say somebody under 18; either lists all violations.
    """
    return _directed(direction, family, honours, _vocabulary(vocabulary), presets, people, lenient=False)


def direct_prompt(
    prompt: generate_pb2.Prompt,
    family: str,
    honours: frozenset[str],
    vocabulary: Sequence[Spoken] = (),
    people: People = ANYBODY,
) -> Composed:
    """Read a prompt that is used as it stands; where it contradicts itself, a field stays open.

    Raises FieldOutOfRangeError where it says somebody under 18, PresetUnknownError for an unknown family.
    """
    words = _vocabulary(vocabulary)
    read = _directed(generate_pb2.Direction(text=prompt.text), family, honours, words, (), people, lenient=True)
    warnings = tuple(_of_prompt(one) for one in read.warnings)
    return replace(read, prompt=prompt.text, negative_prompt=prompt.negative_text, warnings=warnings)


def _directed(
    direction: generate_pb2.Direction,
    family: str,
    honours: frozenset[str],
    vocabulary: Vocabulary,
    presets: Sequence[Offered],
    people: People,
    *,
    lenient: bool,
) -> Composed:
    phrased_for = family_of(family)
    wishes = gather(direction, vocabulary, presets_with(presets), lenient=lenient)
    wishes.check()
    prompt, negative = prompts(wishes, phrased_for, vocabulary)
    brief = brief_of(wishes)
    said = {path: wishes.text(path) for path in _LINTED if _is_given(wishes, path)}
    return Composed(
        prompt,
        negative,
        brief,
        (*wishes.warnings, *lint(said)),
        tuple(interpretations(wishes, brief.light, phrased_for, honours, people)),
        phrased_for,
        wishes,
        vocabulary,
    )


def _is_given(wishes: Wishes, path: str) -> bool:
    return path in wishes.of and wishes.of[path].origin is Origin.FIELD


def _vocabulary(added: Sequence[Spoken]) -> Vocabulary:
    return vocabulary_with(added) if added else own_vocabulary()


def _of_prompt(warning: generate_pb2.PromptWarning) -> generate_pb2.PromptWarning:
    moved = generate_pb2.PromptWarning()
    moved.CopyFrom(warning)
    moved.field = "prompt.text"
    return moved


def _drawn(brief: Brief) -> dict[str, Wish]:
    """Say in a direction's words what the seed drew of a person."""
    sitter = brief.sitter
    found: dict[str, Wish] = {}
    if sitter.age_years is not None:
        found["subject.age_years"] = Wish(sitter.age_years, Origin.DEFAULT)
    if sitter.womanhood is not None:
        found["subject.sex"] = Wish("woman" if sitter.womanhood > _BOTH else "man", Origin.DEFAULT)
    if sitter.skin_ita_degrees is not None:
        found["subject.skin_ita_degrees"] = Wish(sitter.skin_ita_degrees, Origin.DEFAULT)
    if sitter.hair in HAIR:
        found["subject.hair"] = Wish(f"{sitter.hair} hair", Origin.DEFAULT)
    return found
