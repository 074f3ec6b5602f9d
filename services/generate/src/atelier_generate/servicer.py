"""GenerateService: RPC in, RPC out."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import numpy as np
from atelier.v1 import generate_pb2
from atelier_imaging.models import FACE_DETECTOR
from atelier_sdk.errors import ModelNotInstalledError
from atelier_service.servicer import Preset, Servicer

from atelier_generate import messages
from atelier_generate.afterwards import remedies
from atelier_generate.backend import Drawn, Order, Step
from atelier_generate.commission import candidates_of, commission_of, composed_of
from atelier_generate.director import own_presets
from atelier_generate.finishing import Finisher
from atelier_generate.person import SIMILARITY, Referenced, below_floor
from atelier_generate.profile import Profiled
from atelier_generate.safety import prepared
from atelier_generate.selection import ranked, reason
from atelier_generate.watching import Watched

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from atelier_imaging.picture import Picture
    from atelier_service.call import Call
    from google.protobuf.message import Message

    from atelier_generate.backend import Backend, Event
    from atelier_generate.person import Person
    from atelier_generate.selection import Finished

    Responses = Generator[generate_pb2.GenerateResponse]


class GenerateServicer(Servicer):
    """Portraits from a photographer's brief, and the prompt that it makes."""

    version = "0.1.0"
    beside = frozenset({"Compose"})

    def __init__(self, backend: Backend, *, identity_address: str = "") -> None:
        """Draw with a backend; profiles are compared by the identity service at an address, if there is one."""
        self._backend = backend
        self._identity_address = identity_address

    def size(self, request: Message) -> float:
        """Return the number of candidates; `Compose` has none."""
        if not isinstance(request, generate_pb2.GenerateRequest):
            return 1.0
        return float(candidates_of(request.generation))

    def presets(self) -> Sequence[Preset]:
        """Return the presets of purposes and looks."""
        return [Preset(one.kind, one.name, one.description) for one in own_presets().values()]

    def generate(self, request: generate_pb2.GenerateRequest, call: Call) -> Responses:
        """Draw candidates, say what happens on the way, and answer the most natural."""
        call.plugins.check_measures(request.output.measures)
        commission = prepared(commission_of(request, self._backend, call), call)
        people = self._people(request, call)
        models = Watched(call.models)
        references = _pictures(people)
        finisher = Finisher(self.version, commission, self._backend, people, references, models, call)
        order = Order(commission.sketches, references, previews=_shows_previews(request, call))
        finished: list[Finished] = []
        with contextlib.closing(_timed(self._backend.draw(order, models, call.check), call)) as events:
            for event in events:
                if isinstance(event, Drawn):
                    finished.append(finisher.finish(event))
                    yield messages.candidate(finished[-1])
                else:
                    yield messages.step(event) if isinstance(event, Step) else messages.preview(event)
        generation, brief = commission.request.generation, commission.sketches[0].brief
        call.notes.extend(remedies(generation, commission.composed, brief, self._backend.honours))
        ranking = ranked(finished)
        self._keep_floor(request, ranking[0])
        if (why := reason(ranking)) is not None:
            call.notes.append(why)
        yield messages.result(commission, ranking, call, include_mesh=request.include_mesh)

    def compose(self, request: generate_pb2.ComposeRequest, call: Call) -> generate_pb2.ComposeResponse:
        """Write the prompt, and draw nothing."""
        asked = generate_pb2.Generation(direction=request.direction)
        composed = composed_of(asked, self._backend, call, request.family)
        return generate_pb2.ComposeResponse(composed=composed.message())

    def canary(self, call: Call) -> None:
        """Have the backend do a tiny piece of work, and see that the face detector sees no face in a grey square.

        A generator that is not installed is no fault of the process: whoever asks for a drawing is told.
        """
        scores = call.models.infer(FACE_DETECTOR, {"image": np.zeros((1, 128, 128, 3), np.float32)})["scores"]
        if not np.isfinite(scores).all() or not scores.any() or (scores > 0.0).any():
            raise RuntimeError("the face detector's scores on an even grey square are zeros, no numbers, or a face")
        with contextlib.suppress(ModelNotInstalledError):
            self._backend.canary(call.models)

    def _people(self, request: generate_pb2.GenerateRequest, call: Call) -> tuple[Person, ...]:
        """Find out who is to be drawn: nobody in particular, or whom portraits or a profile show, or both."""
        generation = request.generation
        people: list[Person] = []
        if generation.references:
            people.append(Referenced.of(generation.references, call))
        if generation.profile:
            people.append(Profiled.of(generation.profile, self._identity_address, call))
        if request.identity_floor and not people:
            call.notes.append("The identity floor was not used: neither a profile nor references say whom to be like.")
        return tuple(people)

    def _keep_floor(self, request: generate_pb2.GenerateRequest, best: Finished) -> None:
        """Refuse a result where no candidate keeps the identity floor. Raises IdentityBelowFloorError."""
        if not best.keeps_floor:
            raise below_floor(best.value(SIMILARITY), request.identity_floor, self._backend.name)


def _pictures(people: Sequence[Person]) -> tuple[Picture, ...]:
    return tuple(picture for person in people if isinstance(person, Referenced) for picture in person.pictures)


def _shows_previews(request: generate_pb2.GenerateRequest, call: Call) -> bool:
    """Say whether previews are made: where a policy judges candidates, nobody sees one before that."""
    if request.include_previews and call.plugins.judges_candidates:
        call.notes.append("Previews are left out: a policy judges each candidate before it is shown.")
        return False
    return request.include_previews


def _timed(drawing: Iterator[Event], call: Call) -> Generator[Event]:
    """Time the drawing apart from what becomes of its events, and stop it when nobody asks for more."""
    try:
        while True:
            with call.stage("draw"):
                event = next(drawing, None)
            if event is None:
                return
            yield event
    finally:
        if (close := getattr(drawing, "close", None)) is not None:
            close()
