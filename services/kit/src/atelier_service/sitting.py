"""A sitting: one portrait's way through a call, from the bytes that came in to picture and report that go out.

What every edit shares stands here, so that a capability writes only what it does to pixels:

    sitting = Sitting(request, call)
    face = sitting.face()
    with call.stage("operate"):
        edited = operate(sitting.portrait, face, …)
    with call.stage("measure"):
        measures = …
    image, report = sitting.finish(Outcome(edited, parameters, measures), face)

Where an edit has a strength, `edited = sitting.kept(edited, face)` before it is measured weakens it, if that is asked
for, until the identity floor is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from atelier_imaging.encode import encode
from atelier_imaging.measures.identity import IDENTITY_SIMILARITY
from atelier_imaging.portrait import Portrait

from atelier_service import wire
from atelier_service.likeness import Likeness, mixed, no_face_to_keep

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from atelier.v1.face_pb2 import FaceSelector
    from atelier.v1.image_pb2 import Image, OutputOptions
    from atelier.v1.report_pb2 import Report
    from atelier_imaging.face import Face
    from atelier_imaging.measures import Gate, Measure
    from atelier_imaging.picture import Picture

    from atelier_service.call import Call


class EditRequest(Protocol):
    """What the requests of all edits have in common."""

    @property
    def image(self) -> Image:
        """Return the picture."""
        ...

    @property
    def face(self) -> FaceSelector:
        """Return which face is meant."""
        ...

    @property
    def output(self) -> OutputOptions:
        """Return how the result is written."""
        ...

    @property
    def identity_floor(self) -> float:
        """Return the lowest similarity that is accepted."""
        ...

    @property
    def include_mesh(self) -> bool:
        """Return whether meshes are reported."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What an operation made of a portrait.

    `parameters` are the effective ones, as `Findings` takes them; `notes` are sentences for people. `identity` is the
    gate of the similarity to the source. Where the operation moved the face, `moved` is the result with its face found
    anew; without it the face is looked for where the source has it.
    """

    picture: Picture
    parameters: Mapping[str, object]
    measures: Sequence[Measure] = ()
    notes: Sequence[str] = ()
    identity: Gate | None = IDENTITY_SIMILARITY
    moved: Portrait | None = None


class Sitting:
    """One portrait in front of one operation; `portrait` is decoded, and analysed as far as it is asked."""

    def __init__(self, request: EditRequest, call: Call) -> None:
        """Load and decode the picture of a request.

        Raises what `Call.load` and `Call.decode` raise, and FieldOutOfRangeError for measures that nobody takes.
        """
        self._request = request
        self._call = call
        call.plugins.check_measures(request.output.measures)
        self.portrait = Portrait(picture_of(request.image, call), call.models)
        self._share = 1.0

    def face(self) -> Face | None:
        """Give the face that is meant, as stage `analyse`; None where the picture has none and none was named.

        Raises FaceNotSelectedError, and NoFaceError where there is none and one was named or is to be kept.
        """
        with self._call.stage("analyse"):
            index, at = wire.selection(self._request.face)
            if index is not None or at is not None or self.portrait.faces:
                return self.portrait.select(index, at)
        if self._request.identity_floor > 0:
            raise no_face_to_keep()
        return None

    def kept(self, edited: Picture, face: Face | None) -> Picture:
        """Give the edit, or where the request allows it as much of it as keeps the identity floor, as stage `identity`.

        For edits that keep the framing: a weaker one is mixed from edit and source. Raises what `Likeness.measure`
        raises where a floor is asked for.
        """
        source = self.portrait.picture
        return self.kept_of(lambda share: mixed(source, edited, share), face, moves=False)

    def kept_of(self, render: Callable[[float], Picture], face: Face | None, *, moves: bool) -> Picture:
        """Give the edit that `render` makes, at the largest share of its strength, 0 to 1, that keeps the floor.

        `moves` says that the edit moves the face. At share 1 where no floor is asked for, or no lowering.
        """
        request = self._request
        # Not every request may ask for less: what has no strength, such as an enlargement, has no such field.
        if request.identity_floor <= 0 or not getattr(request, "lower_strength_to_floor", False):
            return render(1.0)
        with self._call.stage("identity"):
            likeness = Likeness(self._call, self.portrait, face, request.identity_floor)
            picture, self._share = likeness.strongest(render, moves=moves)
        return picture

    def finish(self, outcome: Outcome, face: Face | None) -> tuple[Image, Report]:
        """Encode and store the picture and build the report; `face` is the one that the operation was about.

        Raises what `Likeness.measure`, `encode` and `Call.store` raise.
        """
        call, portrait, request = self._call, self.portrait, self._request
        call.notes.extend(portrait.picture.source.notes)
        call.notes.extend(outcome.notes)
        with call.stage("measure"):
            tones = {each.index: portrait.ita_degrees(each) for each in portrait.faces}
        with call.stage("identity"):
            likeness = Likeness(call, portrait, face, request.identity_floor)
            identity = likeness.measure(outcome.moved or outcome.picture, outcome.identity)
        result = outcome.moved or Portrait(outcome.picture, call.models)
        asked = call.measured(request.output.measures, result, portrait)
        with call.stage("encode"):
            encoded = encode(outcome.picture, wire.encode_options(request.output))
        image = call.store(encoded, request.output)
        report = call.report(
            parameters=self._effective(outcome),
            source=portrait.picture.source_info,
            output=encoded.info,
            faces=portrait.faces,
            selected=face.index if face else None,
            ita_degrees={index: tone for index, tone in tones.items() if tone is not None},
            include_mesh=request.include_mesh,
            measures=(*outcome.measures, identity, *asked),
        )
        return image, report

    def _effective(self, outcome: Outcome) -> Mapping[str, object]:
        """Return the parameters, and how much of them is left where the floor took some."""
        if self._share >= 1.0:
            return outcome.parameters
        self._call.notes.append(
            f"Only {100 * self._share:.0f} % of the strength is left, so that the similarity to the source stays at "
            f"{self._request.identity_floor:g} or above."
        )
        return {**outcome.parameters, "share_of_strength": self._share}


def picture_of(image: Image, call: Call) -> Picture:
    """Load and decode a picture, as stages `load` and `decode`.

    Raises what `Call.load` and `Call.decode` raise.
    """
    return call.decode(call.load(image))
