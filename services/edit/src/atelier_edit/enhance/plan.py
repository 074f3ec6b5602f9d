"""From what is asked of an enhancement to what is carried out."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

import numpy as np

from atelier_edit.enhance.bands import local_bands
from atelier_edit.enhance.evenness import evenness_gain
from atelier_edit.enhance.gain import EYES, HAIR, LIPS, SKIN, brought_out, levels_needed
from atelier_edit.enhance.grain import grain_weight
from atelier_edit.enhance.noise import blockiness, noise_floors
from atelier_edit.enhance.regions import Regions, reach, regions_of
from atelier_edit.enhance.transition import OFFSET, transition_gain
from atelier_edit.enhance.view import View, view_of
from atelier_edit.limits import editable_face

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from atelier_imaging.face import Face
    from atelier_imaging.portrait import Portrait
    from numpy.typing import NDArray

    from atelier_edit.enhance.bands import Bands

# Steps between blocks, in lightness, from which the report speaks of them: about what is seen at full size.
_BLOCKS_SEEN: Final = 0.5 / 255.0
# A factor on (encoded + 0.055) is this power of the factor on light (IEC 61966-2-1).
_ENCODED: Final = 1 / 2.4


@dataclass(frozen=True, slots=True)
class EnhanceAsk:
    """Facial detail as it is asked for: every control 0..100; `flexible` allows a model to draw detail in."""

    skin_detail: float = 80.0
    eyes: float = 0.0
    lips: float = 0.0
    hair: float = 0.0
    shadow_transition: float = 0.0
    sharpen: float = 0.0
    smart_grain: float = 2.0
    blemish: float = 0.0
    even_skin: float = 0.0
    flexible: bool = False

    @property
    def controls(self) -> dict[str, float]:
        """Give the controls by name."""
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name != "flexible"}

    @property
    def is_neutral(self) -> bool:
        """Tell whether nothing is asked for."""
        return not any(self.controls.values())


@dataclass(frozen=True, slots=True, eq=False)
class EnhancePlan:
    """An enhancement ready to be carried out.

    `reach` is the mask (H, W) of all that the face's controls may touch, `view` the part of the picture around it.
    `gain` (h, w) and `colour_gain` (h, w, 3) are factors on (encoded value + 0.055) over the view, `grain` is the
    deviation of what grain is lacking; None where nothing is to be done. `sharpen` is 0..1.
    """

    ask: EnhanceAsk
    face: Face
    reach: NDArray[np.float32]
    view: View | None
    gain: NDArray[np.float32] | None
    colour_gain: NDArray[np.float32] | None
    grain: NDArray[np.float32] | None
    parameters: Mapping[str, object]
    notes: tuple[str, ...]

    @property
    def sharpen(self) -> float:
        """Give how far the whole picture is sharpened, 0..1."""
        return self.ask.sharpen / 100.0


def plan_enhance(
    ask: EnhanceAsk, portrait: Portrait, face: Face | None, check: Callable[[], None] = lambda: None
) -> EnhancePlan:
    """Work out an enhancement of one face of a portrait, the largest where None.

    Raises NoFaceError, FaceTooSmallError and PoseTooExtremeError.
    """
    found = editable_face(portrait, face)
    parameters: dict[str, object] = {**ask.controls, "mode": "flexible" if ask.flexible else "faithful"}
    whole = np.zeros(portrait.picture.pixels.shape[:2], np.float32)
    if not any(value for name, value in ask.controls.items() if name != "sharpen"):
        return EnhancePlan(ask, found, whole, None, None, None, None, parameters, ())
    whole = reach(portrait, found)
    view = view_of(portrait.picture, whole, found.interocular_pixels)
    if view is None:
        return EnhancePlan(ask, found, whole, None, None, None, None, parameters, ("The face is covered.",))
    return _plan(ask, portrait, found, whole, view, parameters, check)


def _plan(
    ask: EnhanceAsk,
    portrait: Portrait,
    face: Face,
    whole: NDArray[np.float32],
    view: View,
    parameters: dict[str, object],
    check: Callable[[], None],
) -> EnhancePlan:
    regions = regions_of(portrait, face, whole, view)
    bands = local_bands(view.lightness, levels_needed(view.interocular), check)
    blocks = blockiness(view.lightness, view.rows.start, view.columns.start) if view.by == 1 else 0.0
    floors = tuple(float(np.hypot(floor, 2 * blocks)) for floor in noise_floors(bands.smooth))
    parameters["noise"] = round(floors[0], 5)
    parameters["interocular_pixels"] = round(face.interocular_pixels, 1)
    notes = []
    if blocks > _BLOCKS_SEEN:
        notes.append(
            f"The picture has blocks of compression ({255 * blocks:.1f} steps of 255 between them); what is no larger "
            "than they are was left as it is."
        )
    return EnhancePlan(
        ask,
        face,
        whole,
        view,
        _gain(ask, view, bands, regions, floors),
        _colour_gain(ask, portrait, view, regions),
        grain_weight(portrait.picture.pixels, view, regions.whole, ask.smart_grain / 100) if ask.smart_grain else None,
        parameters,
        tuple(notes),
    )


def _gain(
    ask: EnhanceAsk, view: View, bands: Bands, regions: Regions, floors: tuple[float, ...]
) -> NDArray[np.float32] | None:
    """Bring out detail and soften shadows, both as a factor."""
    asked = (
        (SKIN, regions.skin, ask.skin_detail),
        (EYES, regions.eyes, ask.eyes),
        (LIPS, regions.lips, ask.lips),
        (HAIR, regions.hair, ask.hair),
    )
    weights = [(tuning, where * np.float32(amount / 100)) for tuning, where, amount in asked if amount > 0]
    gain = np.ones(view.shape, np.float32)
    if weights:
        added = brought_out(bands, weights, floors, regions.irises, view) * (regions.whole > 0)
        gain = np.asarray((view.lightness + added + OFFSET) / (view.lightness + OFFSET), np.float32)
    if ask.shadow_transition > 0:
        gain *= transition_gain(view, bands, regions.skin, ask.shadow_transition / 100)
    return gain if weights or ask.shadow_transition > 0 else None


def _colour_gain(ask: EnhanceAsk, portrait: Portrait, view: View, regions: Regions) -> NDArray[np.float32] | None:
    """Even out skin, as factors on each channel."""
    if not (ask.blemish or ask.even_skin):
        return None
    light = evenness_gain(view, regions.skin, portrait.picture.space, ask.blemish / 100, ask.even_skin / 100)
    return None if light is None else np.asarray(light ** np.float32(_ENCODED), np.float32)
