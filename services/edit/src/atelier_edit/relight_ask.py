"""A light as it is asked for, and what can be wrong with it before any picture is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from atelier_sdk.errors import FieldOutOfRangeError, FieldViolation

from atelier_edit.light.finish import check_finish
from atelier_edit.light.patterns import check_names

if TYPE_CHECKING:
    from atelier_imaging.face import Face
    from atelier_imaging.portrait import Portrait

    from atelier_edit.light.rig import Rig

# A key farther round than this does not reach the face; a rim nearer than this is no light from behind.
_FARTHEST_KEY_DEGREES: Final = 120.0
_NEAREST_RIM_DEGREES: Final = 90.0


class Side(Enum):
    """Which side of the face the key stands on; left and right are the subject's own."""

    LEFT = 1
    RIGHT = -1


@dataclass(frozen=True, slots=True, eq=False)
class RelightAsk:
    """A light as it is asked for; at most one of `pattern`, `rig` and `reference`.

    None stands for what the rig, reference, pattern or mood says, as `atelier.v1.Relighting` has it. `reference_face`
    is the reference's largest face unless it is given.
    """

    pattern: str | None = None
    rig: Rig | None = None
    reference: Portrait | None = None
    reference_face: Face | None = None
    mood: str | None = None
    side: Side | None = None
    ratio: float | None = None
    softness: float | None = None
    kelvin: float | None = None
    strength: float = 1.0
    preserve_detail: float = 1.0
    preserve_color: float = 0.0
    finish: str | None = None
    background_falloff: float | None = None
    background_warmth: float | None = None

    @property
    def is_neutral(self) -> bool:
        """Tell whether nothing is asked for."""
        lights = (self.pattern, self.rig, self.reference, self.mood, self.ratio, self.softness, self.kelvin)
        others = (self.finish, self.background_falloff, self.background_warmth)
        return self.strength == 0 or all(value is None for value in lights + others)


def check_ask(ask: RelightAsk) -> None:
    """Look for everything that is wrong with a request, before any work is done.

    Raises PresetUnknownError for names that do not exist and FieldOutOfRangeError for lamps that contradict each other,
    each with every violation.
    """
    check_names(ask.pattern, ask.mood)
    check_finish(ask.finish)
    violations = list(_contradictions(ask))
    if violations:
        raise FieldOutOfRangeError(
            "; ".join(f"{violation.field}: {violation.description}" for violation in violations),
            violations=tuple(violations),
        )


def _contradictions(ask: RelightAsk) -> list[FieldViolation]:
    found: list[FieldViolation] = []
    lights = [name for name in ("pattern", "rig", "reference") if getattr(ask, name) is not None]
    found.extend(
        _violation(name, f"{lights[0]} is given as well; one light is asked for at a time") for name in lights[1:]
    )
    found.extend(
        _violation("side", f"a {name} says itself on which side its key stands; leave side out")
        for name in ("rig", "reference")
        if ask.side is not None and getattr(ask, name) is not None
    )
    return found + (_of_rig(ask.rig, ask) if ask.rig is not None else [])


def _of_rig(rig: Rig, ask: RelightAsk) -> list[FieldViolation]:
    """Return what is wrong with lamps of one's own."""
    found: list[FieldViolation] = []
    fill = rig.fill.intensity if rig.fill is not None else 0.0
    ratio = ask.ratio if ask.ratio is not None else rig.ratio
    is_split = ratio is not None and ratio > 1
    if rig.key.intensity + fill + rig.ambient <= 0:
        found.append(_violation("rig", "every light on the face is off; give key, fill or ambient an intensity"))
    if is_split and rig.key.intensity <= 0:
        found.append(_violation("rig.key.intensity", "a ratio above 1 needs a key, and its intensity is 0"))
    if is_split and abs(rig.key.azimuth_degrees) > _FARTHEST_KEY_DEGREES:
        found.append(
            _violation(
                "rig.key.azimuth_degrees",
                f"a ratio needs a key that reaches the face, within ±{_FARTHEST_KEY_DEGREES:g}°;"
                " a light from behind is a rim",
            )
        )
    if ratio is None and fill > rig.key.intensity > 0:
        found.append(_violation("rig.fill.intensity", "the fill outshines the key; swap them or lower the fill"))
    if rig.rim is not None and rig.rim.intensity > 0 and abs(rig.rim.azimuth_degrees) < _NEAREST_RIM_DEGREES:
        found.append(
            _violation(
                "rig.rim.azimuth_degrees",
                f"a rim stands behind the head, beyond ±{_NEAREST_RIM_DEGREES:g}°; a light from the front is a fill",
            )
        )
    return found


def _violation(field: str, description: str) -> FieldViolation:
    return FieldViolation(f"relighting.{field}", description)
