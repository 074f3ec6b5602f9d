"""From a request to what is to be drawn: the director's reading of it, once for each candidate's seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from atelier.v1 import generate_pb2

from atelier_generate.backend import Sketch
from atelier_generate.director import direct, direct_prompt, open_fields

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atelier_service.call import Call

    from atelier_generate.backend import Backend
    from atelier_generate.director import Composed, People

DEFAULT_CANDIDATES: Final = 4
_SEEDS: Final = 2**64


@dataclass(frozen=True, slots=True)
class Commission:
    """What is to be drawn. `request` has its seed and its number of candidates resolved."""

    request: generate_pb2.GenerateRequest
    composed: generate_pb2.ComposedPrompt
    sketches: tuple[Sketch, ...]


def candidates_of(generation: generate_pb2.Generation) -> int:
    """Return how many candidates are asked for."""
    return generation.candidates if generation.HasField("candidates") else DEFAULT_CANDIDATES


def commission_of(asked: generate_pb2.GenerateRequest, backend: Backend, call: Call) -> Commission:
    """Read a request, as stage `compose`. A seed that is left out is drawn from the call's identifier.

    Raises what `direct` raises.
    """
    request = generate_pb2.GenerateRequest()
    request.CopyFrom(asked)
    generation = request.generation
    if not generation.HasField("seed"):
        generation.seed = call.drawn_seed()
    generation.candidates = candidates_of(generation)
    with call.stage("compose"):
        read = composed_of(generation, backend, call)
        sketches = tuple(_sketches(generation, read, backend.people))
    return Commission(request, read.message(), sketches)


def composed_of(generation: generate_pb2.Generation, backend: Backend, call: Call, family: str = "") -> Composed:
    """Read a direction, or a prompt that is used as it stands, with the words and presets of plugins.

    `family` is the one that the prompt is phrased for, by default the backend's. Raises what `direct` raises.
    """
    family, plugins = family or backend.family, call.plugins
    if generation.WhichOneof("brief") == "prompt":
        return direct_prompt(generation.prompt, family, backend.honours, plugins.vocabulary, backend.people)
    return direct(generation.direction, family, backend.honours, plugins.vocabulary, plugins.presets, backend.people)


def _sketches(generation: generate_pb2.Generation, read: Composed, people: People) -> Iterator[Sketch]:
    """Settle what is open by each candidate's seed; a prompt says it too, unless it stands or somebody is given."""
    says_it = generation.WhichOneof("brief") == "direction" and not (generation.references or generation.profile)
    for count in range(generation.candidates):
        seed = (generation.seed + count) % _SEEDS
        brief = open_fields(read.brief, seed, people)
        yield Sketch(seed, brief, *(read.prompt_for(brief) if says_it else (read.prompt, read.negative_prompt)))
