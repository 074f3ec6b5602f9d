"""Generate: portraits from a photographer's words."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from atelier.v1 import generate_pb2

from atelier_client import pictures
from atelier_client.artifacts import collect, place
from atelier_client.direction import direction_of
from atelier_client.parameters import given
from atelier_client.report import Measure, Report, measure_of
from atelier_client.result import PictureResult
from atelier_client.session import INLINE_LIMIT_BYTES, MIB, new_request_id
from atelier_client.steps import Method, Operation, Steps, heard_call
from atelier_client.upscale import Progress, progress_of

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

    from PIL.Image import Image as PilImage

    from atelier_client.again import Record
    from atelier_client.parameters import Output
    from atelier_client.pictures import PictureSource
    from atelier_client.session import Session

_GENERATE = Method(
    "/atelier.v1.GenerateService/Generate",
    generate_pb2.GenerateRequest,
    generate_pb2.GenerateResponse,
    server_streams=True,
)
_INLINE_REFERENCES = 12 * MIB


@dataclass(frozen=True, slots=True)
class Preview:
    """A small picture of a candidate in the making: a JPEG."""

    candidate: int
    content: bytes = field(repr=False)

    def to_pil(self) -> PilImage:
        """Decode it."""
        return pictures.to_pil(self.content)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A candidate, numbered from 0 in the order of drawing; `seed` draws it again.

    `content` is the encoded file. It is empty while the call goes on where the file is kept as an artifact.
    """

    index: int
    seed: int
    measures: tuple[Measure, ...]
    content: bytes = field(repr=False)

    def value(self, name: str) -> float | None:
        """Give the value of a measure; None where it was not taken or could not be."""
        return next((one.value for one in self.measures if one.name == name), None)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the file and return its path."""
        to = Path(path)
        to.write_bytes(self.content)
        return to

    def to_pil(self) -> PilImage:
        """Decode into a PIL image of 8 bits per channel."""
        return pictures.to_pil(self.content)


@dataclass(frozen=True, slots=True)
class Generated(PictureResult):
    """The most natural candidate with its report, and all others: `candidates` come from the most natural."""

    candidates: tuple[Candidate, ...] = ()
    composed: generate_pb2.ComposedPrompt = field(default_factory=generate_pb2.ComposedPrompt, repr=False)

    @property
    def prompt(self) -> str:
        """The prompt that was drawn from."""
        return self.composed.prompt.text


class GenerateOptions(TypedDict, total=False):
    """What a generation takes besides its words.

    `preset` fills the fields that are left open; `fields` are structured ones by their short names (`age`, `light` …).
    `prompt` and `negative_prompt` are used as they stand, instead of words and fields. `candidates` is 1 to 8; `seed`
    is the first candidate's, the others count up. `profile` is an identity profile's identifier, `references` are
    portraits of the person to draw; `identity_floor`, 0 to 1, is the similarity that the result must have to either.

    `on_progress`, `on_preview` and `on_candidate` are told what happens as it does; the asynchronous client calls them
    on the event loop. Previews are made only where somebody listens.
    """

    preset: str
    fields: Mapping[str, str | float | int | bool] | None
    prompt: str
    negative_prompt: str
    candidates: int | None
    seed: int | None
    profile: str
    references: Sequence[PictureSource]
    identity_floor: float | None
    output: Output | None
    include_mesh: bool
    on_progress: Callable[[Progress], None] | None
    on_preview: Callable[[Preview], None] | None
    on_candidate: Callable[[Candidate], None] | None
    request_id: str | None
    deadline_seconds: float | None


def generate(session: Session, text: str = "", **options: Unpack[GenerateOptions]) -> Steps[Generated]:
    """Draw portraits of people who do not exist and give them back, the most natural first.

    `text` is a brief in one's own words, such as "golden hour, 85mm, f/1.8, freckles, introspective".

    Errors: AtelierCallError (PRESET_UNKNOWN, FIELD_OUT_OF_RANGE, MODEL_NOT_INSTALLED, IDENTITY_BELOW_FLOOR,
    QUEUE_FULL, DEADLINE_TOO_SHORT …); PictureError; OSError; ValueError for a field that nobody knows.
    """
    operation = _begin(session, options)
    output = options.get("output")
    request = _request(operation, _generation(text, options), options)
    if output:
        request.output.CopyFrom(output.message())
    return (yield from _drawn(operation, request, options))


def again(session: Session, record: Record, **options: Unpack[GenerateOptions]) -> Steps[Generated]:
    """Draw a portrait again from its record: the same bytes where `record.differences(…)` names no version.

    Its references, if it had any, are to be given again. Of the options, those that say what to draw are the record's.

    Errors: as `generate`; ValueError where references are missing.
    """
    if len(options.get("references", ())) != record.references:
        raise ValueError(f"{record.references} references drew this portrait: give them again, in their order")
    operation = _begin(session, options)
    request = _request(operation, record.generation(), options)
    request.output.CopyFrom(record.output())
    return (yield from _drawn(operation, request, options))


def _begin(session: Session, options: GenerateOptions) -> Operation:
    return Operation.begin(session, options.get("request_id") or new_request_id(), options.get("deadline_seconds"))


def _request(
    operation: Operation, generation: generate_pb2.Generation, options: GenerateOptions
) -> generate_pb2.GenerateRequest:
    return generate_pb2.GenerateRequest(
        request_id=operation.request_id,
        generation=generation,
        identity_floor=options.get("identity_floor"),
        include_previews=options.get("on_preview") is not None,
        include_mesh=options.get("include_mesh", False),
    )


def _drawn(operation: Operation, request: generate_pb2.GenerateRequest, options: GenerateOptions) -> Steps[Generated]:
    """Send the references and the request, tell what is heard, and take the result apart."""
    references = options.get("references", ())
    room = min(INLINE_LIMIT_BYTES, _INLINE_REFERENCES // max(len(references), 1))
    for reference in references:
        request.generation.references.append((yield from place(operation, reference, inline_bytes=room)))
    answers = yield from heard_call(operation, _GENERATE, request, _Listener(options).hear)
    return (yield from _generated(operation, answers))


def _generation(text: str, options: GenerateOptions) -> generate_pb2.Generation:
    prompt = options.get("prompt", "")
    if prompt and (text or options.get("preset") or options.get("fields")):
        raise ValueError("prompt is used as it stands: give no text, preset or fields besides it")
    said: dict[str, Any] = (
        {"prompt": generate_pb2.Prompt(text=prompt, negative_text=options.get("negative_prompt", ""))}
        if prompt
        else {"direction": direction_of(text, options.get("preset", ""), options.get("fields"))}
    )
    wanted = given(candidates=options.get("candidates"), seed=options.get("seed"), profile=options.get("profile"))
    return generate_pb2.Generation(**said, **wanted)


class _Listener:
    """Passes what is heard on to whoever asked to be told."""

    def __init__(self, options: GenerateOptions) -> None:
        self._on_progress = options.get("on_progress")
        self._on_preview = options.get("on_preview")
        self._on_candidate = options.get("on_candidate")

    def hear(self, answer: generate_pb2.GenerateResponse) -> None:
        """Tell one event."""
        event = answer.WhichOneof("event")
        if event == "progress" and self._on_progress:
            self._on_progress(progress_of(answer.progress))
        elif event == "preview" and self._on_preview:
            self._on_preview(Preview(answer.preview.candidate_index, answer.preview.image.content))
        elif event == "candidate" and self._on_candidate:
            self._on_candidate(_candidate(answer.candidate, answer.candidate.image.content))


def _generated(operation: Operation, answers: list[generate_pb2.GenerateResponse]) -> Steps[Generated]:
    """Put the candidates in order, and fetch those that are kept as artifacts."""
    told = {one.candidate.index: one.candidate for one in answers if one.HasField("candidate")}
    result = answers[-1].result
    candidates: list[Candidate] = []
    for index in result.ranking:
        content = yield from collect(operation, told[index].image)
        candidates.append(_candidate(told[index], content))
    return Generated(
        content=candidates[0].content,
        report=Report(result.report),
        candidates=tuple(candidates),
        composed=result.composed,
    )


def _candidate(message: generate_pb2.Candidate, content: bytes) -> Candidate:
    return Candidate(message.index, message.seed, tuple(map(measure_of, message.measures)), content)
