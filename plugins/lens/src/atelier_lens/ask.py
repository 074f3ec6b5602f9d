"""A lens as it is asked for, and what is wrong with it before any picture is looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from atelier_sdk.errors import FieldOutOfRangeError, FieldViolation

from atelier_lens.background import Background
from atelier_lens.distortion import Distortion

if TYPE_CHECKING:
    from collections.abc import Mapping


class Focus(Enum):
    """What is kept sharp."""

    FACE = "face"
    EYES = "eyes"


@dataclass(frozen=True, slots=True, eq=False)
class LensAsk:
    """A lens; the fields are those of `atelier_lens.v1.Lens` with defaults resolved, None where nothing is asked."""

    focal_mm: float = 85.0
    aperture: float | None = None
    distance_m: float | None = None
    background_m: float = 2.0
    focus: Focus = Focus.FACE
    blades: int = 0
    highlights: float = 0.5
    vignette: float = 0.0
    distortion: Distortion = field(default_factory=Distortion)
    taken_with_mm: float | None = None
    background: Background = field(default_factory=Background)

    @property
    def turns(self) -> bool:
        """Tell whether another perspective is asked for."""
        return self.taken_with_mm is not None and self.taken_with_mm != self.focal_mm

    @property
    def needs_face(self) -> bool:
        """Tell whether something is asked for that a face is the measure of."""
        return self.aperture is not None or self.turns

    @property
    def moves(self) -> bool:
        """Tell whether anything but light changes."""
        return self.turns or bool(self.distortion)

    @property
    def parameters(self) -> Mapping[str, object]:
        """Give the effective parameters, for the report."""
        asked: dict[str, object] = {"focal_mm": self.focal_mm, "vignette": self.vignette}
        if self.aperture is not None:
            asked |= {"aperture": self.aperture, "background_m": self.background_m, "focus": self.focus.value}
            asked |= {"blades": self.blades, "highlights": self.highlights}
        if self.distortion:
            warp = self.distortion
            asked["distortion"] = {"k1": warp.k1, "k2": warp.k2, "correct": warp.correct}
        if self.taken_with_mm is not None:
            asked["taken_with_mm"] = self.taken_with_mm
        if self.background.picture is not None:
            source = self.background.picture.source
            asked["background"] = {"width": source.width, "height": source.height, "sha256": source.sha256}
        elif self.background.colour is not None:
            asked["background"] = "#{:02x}{:02x}{:02x}".format(*self.background.colour)
        elif self.background.blur:
            asked["background_blur"] = self.background.blur
        return asked | ({"adapt": self.background.adapt} if self.background.replaces else {})


def check(ask: LensAsk) -> None:
    """Refuse what no lens can be. Raises FieldOutOfRangeError that names every fault."""
    faults = []
    if ask.distortion.folds:
        text = "k1 and k2 together would fold the picture over within its corners; take smaller ones"
        faults += [FieldViolation(f"lens.distortion.{name}", text) for name in ("k1", "k2")]
    if ask.background.adapt and not ask.background.replaces:
        text = "there is nothing to adapt to: give an image or a colour as background"
        faults.append(FieldViolation("lens.background.adapt", text))
    if faults:
        raise FieldOutOfRangeError("; ".join(dict.fromkeys(f.description for f in faults)), violations=tuple(faults))
