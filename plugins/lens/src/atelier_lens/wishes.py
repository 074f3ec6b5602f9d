"""From messages to what is asked for: the one place where requests are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atelier_service.sitting import picture_of

from atelier_lens.ask import Focus, LensAsk
from atelier_lens.background import Background
from atelier_lens.distortion import Distortion
from atelier_lens.v1 import lens_pb2

if TYPE_CHECKING:
    from atelier_service.call import Call


def lens_of(lens: lens_pb2.Lens, call: Call) -> LensAsk:
    """Read what is asked of a lens; a background's picture is loaded and decoded."""
    default, has = LensAsk(), lens.HasField
    return LensAsk(
        focal_mm=lens.focal_mm if has("focal_mm") else default.focal_mm,
        aperture=lens.aperture if has("aperture") else None,
        distance_m=lens.distance_m if has("distance_m") else None,
        background_m=lens.background_m if has("background_m") else default.background_m,
        focus=Focus.EYES if lens.focus == lens_pb2.FOCUS_EYES else Focus.FACE,
        blades=lens.blades,
        highlights=lens.highlights if has("highlights") else default.highlights,
        vignette=lens.vignette,
        distortion=Distortion(lens.distortion.k1, lens.distortion.k2, lens.distortion.correct),
        taken_with_mm=lens.taken_with_mm if has("taken_with_mm") else None,
        background=_background(lens.background, call),
    )


def _background(asked: lens_pb2.Background, call: Call) -> Background:
    source = asked.WhichOneof("source")
    return Background(
        picture=picture_of(asked.image, call) if source == "image" else None,
        colour=_colour(asked.color) if source == "color" else None,
        blur=asked.blur,
        adapt=asked.adapt,
    )


def _colour(text: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(text[1:])
    return red, green, blue
