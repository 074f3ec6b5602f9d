"""A sitting: one portrait's way through a call, from the bytes that came in to picture and report that go out.

What every edit shares stands here, so that a capability writes only what it does to pixels:

    sitting = Sitting(request, call)
    face = sitting.face()
    with call.stage("operate"):
        edited = operate(sitting.portrait, face, …)
    with call.stage("measure"):
        measures = …
    image, report = sitting.finish(Outcome(edited, parameters, measures), face)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from atelier_imaging.decode import decode
from atelier_imaging.encode import encode
from atelier_imaging.portrait import Portrait

from atelier_service import wire

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from atelier.v1.face_pb2 import FaceSelector
    from atelier.v1.image_pb2 import Image, OutputOptions
    from atelier.v1.report_pb2 import Report
    from atelier_imaging.face import Face
    from atelier_imaging.measures import Measure
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

    `parameters` are the effective ones, as `Findings` takes them; `notes` are sentences for people.
    """

    picture: Picture
    parameters: Mapping[str, object]
    measures: Sequence[Measure] = ()
    notes: Sequence[str] = ()


class Sitting:
    """One portrait in front of one operation; `portrait` is decoded, and analysed as far as it is asked."""

    def __init__(self, request: EditRequest, call: Call) -> None:
        """Load and decode the picture of a request.

        Raises what `Call.load` and `decode` raise.
        """
        self._request = request
        self._call = call
        self.portrait = Portrait(picture_of(request.image, call), call.models)

    def face(self) -> Face | None:
        """Give the face that is meant, as stage `analyse`; None where the picture has none and none was named.

        Raises FaceNotSelectedError, and NoFaceError where a face was named and there is none.
        """
        with self._call.stage("analyse"):
            index, at = wire.selection(self._request.face)
            if index is None and at is None:
                return self.portrait.faces[0] if self.portrait.faces else None
            return self.portrait.select(index, at)

    def finish(self, outcome: Outcome, face: Face | None) -> tuple[Image, Report]:
        """Encode and store the picture and build the report; `face` is the one that the operation was about.

        Raises what `encode` and `Call.store` raise.
        """
        call, portrait, request = self._call, self.portrait, self._request
        call.notes.extend(portrait.picture.source.notes)
        call.notes.extend(outcome.notes)
        with call.stage("measure"):
            tones = {each.index: portrait.ita_degrees(each) for each in portrait.faces}
        with call.stage("encode"):
            encoded = encode(outcome.picture, wire.encode_options(request.output))
        image = call.store(encoded, request.output)
        report = call.report(
            parameters=outcome.parameters,
            source=portrait.picture.source_info,
            output=encoded.info,
            faces=portrait.faces,
            selected=face.index if face else None,
            ita_degrees={index: tone for index, tone in tones.items() if tone is not None},
            include_mesh=request.include_mesh,
            measures=outcome.measures,
        )
        return image, report


def picture_of(image: Image, call: Call) -> Picture:
    """Load and decode a picture, as stages `load` and `decode`.

    Raises what `Call.load` and `decode` raise.
    """
    encoded = call.load(image)
    with call.stage("decode"):
        return decode(encoded)
