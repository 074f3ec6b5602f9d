"""From a lens that is asked for to numbers of one picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from atelier_lens.ask import Focus, LensAsk
from atelier_lens.background import LONGEST_DISC
from atelier_lens.optics import Optics, framed_distance_mm, pixels_per_mm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atelier_imaging.face import Face
    from atelier_imaging.portrait import Portrait

MIN_INTEROCULAR_PIXELS: Final = 24.0
MAX_YAW_DEGREES, MAX_PITCH_DEGREES = 60.0, 45.0
MAX_TURNED_YAW_DEGREES: Final = 40.0


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What is to be done.

    `optics` is None where no face says how large anything is; `before_mm` is the distance that the picture was taken
    from, where another perspective is asked for. `disc_radius` is that of the background's discs, in pixels.
    """

    ask: LensAsk
    face: Face | None
    optics: Optics | None
    before_mm: float | None
    disc_radius: float

    @property
    def parameters(self) -> Mapping[str, object]:
        """Give the effective parameters, with what was worked out."""
        found: dict[str, object] = {"background_disc_pixels": round(2 * self.disc_radius, 2)}
        if self.optics is not None:
            found["distance_m"] = round(self.optics.distance_mm / 1000, 3)
        if self.before_mm is not None:
            found["taken_from_m"] = round(self.before_mm / 1000, 3)
        return {**self.ask.parameters, **found}

    @property
    def keeps_face(self) -> bool:
        """Tell whether the face in focus has to stay as it is, to the pixel."""
        ask = self.ask
        return not (ask.moves or ask.vignette or ask.background.adapt or ask.focus is Focus.EYES)

    def weakened(self, share: float) -> Plan:
        """Return the plan at a share of its strength, 0 to 1: the lens less open, its faults smaller, as far away."""
        if share >= 1:
            return self
        ask = self.ask
        warp, behind = ask.distortion, ask.background
        weaker = replace(
            ask,
            vignette=ask.vignette * share,
            distortion=replace(warp, k1=warp.k1 * share, k2=warp.k2 * share),
            background=replace(behind, blur=behind.blur * share, adapt=behind.adapt * share),
        )
        optics, before = self.optics, self.before_mm
        if optics is not None:
            optics = replace(optics, aperture_mm=optics.aperture_mm * share)
            if before is not None:
                nearness = (1 - share) / before + share / optics.distance_mm
                optics = replace(optics, distance_mm=1 / nearness)
        return replace(self, ask=weaker, optics=optics, disc_radius=self.disc_radius * share)


def plan_lens(ask: LensAsk, portrait: Portrait, face: Face | None) -> Plan:
    """Work a lens out for a picture.

    Raises NoFaceError, FaceTooSmallError and PoseTooExtremeError where a face is the measure of what is asked for.
    """
    edge = max(portrait.picture.width, portrait.picture.height)
    plain = ask.background.blur * LONGEST_DISC * edge
    if not ask.needs_face:
        return Plan(ask, face, None, None, plain)
    face = portrait.require_face(
        face,
        min_interocular_pixels=MIN_INTEROCULAR_PIXELS,
        max_yaw_degrees=MAX_TURNED_YAW_DEGREES if ask.turns else MAX_YAW_DEGREES,
        max_pitch_degrees=MAX_PITCH_DEGREES,
    )
    scale = pixels_per_mm(face)
    framed = framed_distance_mm(ask.focal_mm, scale, edge)
    distance = 1000 * ask.distance_m if ask.distance_m is not None else framed
    opening = ask.focal_mm / ask.aperture if ask.aperture is not None else 0.0
    optics = Optics(distance, 1000 * ask.background_m, opening, scale)
    before = None
    if ask.turns and ask.taken_with_mm is not None:
        # One framing: distances are as focal lengths, but for the image side, which is short.
        before = distance * framed_distance_mm(ask.taken_with_mm, scale, edge) / framed
    return Plan(ask, face, optics, before, max(plain, optics.background_pixels / 2))
