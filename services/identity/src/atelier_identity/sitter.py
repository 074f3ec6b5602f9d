"""Who sits in front of a call: a portrait of the request, decoded, with the face that is meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.encode import EncodeOptions, encode
from atelier_imaging.faceframe import unit_pixels
from atelier_imaging.formats import ImageFormat
from atelier_imaging.picture import Picture
from atelier_imaging.portrait import Portrait
from atelier_sdk.errors import AtelierError, FailedPreconditionError, FieldViolation, InvalidArgumentError
from atelier_service import wire
from atelier_service.sitting import picture_of

from atelier_identity import proportions
from atelier_identity.enrolment import Reference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atelier.v1 import identity_pb2
    from atelier_imaging.face import Face
    from atelier_service.call import Call
    from numpy.typing import NDArray

MIN_INTEROCULAR_PIXELS: Final = 24.0
MAX_YAW_DEGREES: Final = 40.0
MAX_PITCH_DEGREES: Final = 35.0
# A cut-out of a reference reaches this many distances between the pupils to either side, and is reduced to this size.
_CUT_OUT_REACH: Final = 2.2
_CUT_OUT_PIXELS: Final = 512


@dataclass(frozen=True, slots=True, eq=False)
class Sitter:
    """A face of a portrait."""

    portrait: Portrait
    face: Face

    @property
    def subject(self) -> tuple[Portrait, Face]:
        """Return portrait and face."""
        return self.portrait, self.face

    @classmethod
    def of(cls, asked: identity_pb2.Portrait, call: Call) -> Sitter:
        """Load a portrait of a request and find the face that is meant, if it is large and frontal enough.

        Raises what `Call.load`, `decode`, `Portrait.select` and `Portrait.require_face` raise.
        """
        portrait = Portrait(picture_of(asked.image, call), call.models)
        with call.stage("analyse"):
            face = portrait.select(*wire.selection(asked.face))
            return cls(portrait, require(portrait, face))

    def reference(self, embedding: NDArray[np.float32], call: Call) -> Reference:
        """Measure all else that a profile keeps of a portrait, as stage `measure`."""
        with call.stage("measure"):
            return Reference(embedding, proportions.measure(self.face.mesh), self.portrait.ita_degrees(self.face))

    def cut_out(self) -> bytes:
        """Return the face with a little around it as a PNG of at most 512 pixels a side."""
        pixels = self.portrait.picture.pixels
        x, y = self.face.mesh[:, :2].mean(axis=0)
        reach = _CUT_OUT_REACH * unit_pixels(self.face)
        rows, columns = (slice(max(0, round(float(middle - reach))), round(float(middle + reach))) for middle in (y, x))
        cut = pixels[rows, columns]
        scale = min(1.0, _CUT_OUT_PIXELS / max(cut.shape[:2]))
        size = (max(1, round(cut.shape[1] * scale)), max(1, round(cut.shape[0] * scale)))
        small = np.asarray(cv2.resize(cut, size, interpolation=cv2.INTER_AREA), cut.dtype)
        picture = Picture.from_array(small, self.portrait.picture.space)
        return encode(picture, EncodeOptions(format=ImageFormat.PNG)).data


def require(portrait: Portrait, face: Face) -> Face:
    """Return a face if it is large and frontal enough. Raises FaceTooSmallError or PoseTooExtremeError."""
    return portrait.require_face(
        face,
        min_interocular_pixels=MIN_INTEROCULAR_PIXELS,
        max_yaw_degrees=MAX_YAW_DEGREES,
        max_pitch_degrees=MAX_PITCH_DEGREES,
    )


def all_of(asked: Sequence[identity_pb2.Portrait], call: Call) -> tuple[Sitter, ...]:
    """Load every reference of a request.

    Raises the error of the first one that cannot serve, naming every such one by its place.
    """
    sitters: list[Sitter] = []
    refusals: dict[int, AtelierError] = {}
    for position, portrait in enumerate(asked):
        try:
            sitters.append(Sitter.of(portrait, call))
        except (FailedPreconditionError, InvalidArgumentError) as refusal:
            refusals[position] = refusal
    if refusals:
        raise _refused(refusals)
    return tuple(sitters)


def _refused(refusals: dict[int, AtelierError]) -> AtelierError:
    first = next(iter(refusals.values()))
    positions = ", ".join(map(str, refusals))
    return type(first)(
        " ".join(f"Reference {position}, counted from 0: {one.message}" for position, one in refusals.items()),
        metadata=first.metadata | {"positions": positions},
        violations=tuple(FieldViolation(f"references[{position}]", one.message) for position, one in refusals.items()),
    )
