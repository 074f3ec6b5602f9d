"""The lens through the client: `studio.perform(lens, "in.jpg", Glass(aperture=1.8))`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

from atelier_client.editing import CallOptions, begin, common_of_strength, reference, result
from atelier_client.parameters import given
from atelier_client.steps import Method, Steps, call

from atelier_lens.v1 import lens_pb2

if TYPE_CHECKING:
    from atelier_client.pictures import PictureSource
    from atelier_client.result import PictureResult
    from atelier_client.session import Session

_APPLY = Method("/atelier_lens.v1.LensService/Apply", lens_pb2.ApplyRequest, lens_pb2.ApplyResponse)
_FOCUS = {"face": lens_pb2.FOCUS_FACE, "eyes": lens_pb2.FOCUS_EYES}


@dataclass(frozen=True, slots=True)
class Glass:
    """A lens; fields are those of `atelier_lens.v1.Lens`, left out where they are None.

    `focus` is `face` or `eyes`. At most one of `background` (a picture), `colour` (`#rrggbb`) and `blur` (0..1) is
    given. `correct` takes the distortion of `k1` and `k2` out.
    """

    focal_mm: float | None = None
    aperture: float | None = None
    distance_m: float | None = None
    background_m: float | None = None
    focus: str | None = None
    blades: int | None = None
    highlights: float | None = None
    vignette: float | None = None
    k1: float | None = None
    k2: float | None = None
    correct: bool = False
    taken_with_mm: float | None = None
    background: PictureSource | None = None
    colour: str | None = None
    blur: float | None = None
    adapt: float | None = None


def lens(session: Session, image: PictureSource, glass: Glass, **options: Unpack[CallOptions]) -> Steps[PictureResult]:
    """Draw a portrait as through another lens.

    Errors: AtelierCallError (NO_FACE, FACE_TOO_SMALL, FIELD_OUT_OF_RANGE, IMAGE_… …); PictureError; OSError.
    """
    operation = begin(session, options)
    fields = yield from common_of_strength(operation, image, options)
    message = lens_pb2.Lens(
        **given(
            focal_mm=glass.focal_mm,
            aperture=glass.aperture,
            distance_m=glass.distance_m,
            background_m=glass.background_m,
            focus=_FOCUS[glass.focus] if glass.focus else None,
            blades=glass.blades,
            highlights=glass.highlights,
            vignette=glass.vignette,
            taken_with_mm=glass.taken_with_mm,
        )
    )
    behind = given(
        image=(yield from reference(operation, glass.background)),
        color=glass.colour,
        blur=glass.blur,
        adapt=glass.adapt,
    )
    if behind:
        message.background.CopyFrom(lens_pb2.Background(**behind))
    if glass.k1 is not None or glass.k2 is not None:
        warp = lens_pb2.Distortion(**given(k1=glass.k1, k2=glass.k2), correct=glass.correct)
        message.distortion.CopyFrom(warp)
    answer = yield from call(operation, _APPLY, lens_pb2.ApplyRequest(lens=message, **fields))
    return (yield from result(operation, answer.image, answer.report))
