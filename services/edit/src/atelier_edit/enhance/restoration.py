"""Detail that a picture does not hold, drawn in by an editing network: mode FLEXIBLE.

Only where the face is blurred, and only detail: the network's answer is registered, freed of casts and of changes of
light, and blended in by the lack of detail at each place. What the picture holds stays its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NoReturn

import cv2
import numpy as np
from atelier_imaging.graft import Purpose, graft
from atelier_imaging.portrait import Portrait
from atelier_imaging.region import Region
from atelier_sdk.errors import ModelNotInstalledError

from atelier_edit.diffusion.relighting import in_space, shown
from atelier_edit.enhance.bands import LEVELS, gaussian_pyramid
from atelier_edit.enhance.gain import wave
from atelier_edit.enhance.regions import reach
from atelier_edit.enhance.view import View, view_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_imaging.face import Face
    from atelier_imaging.models import ModelRunner
    from numpy.typing import NDArray

    from atelier_edit.diffusion.editor import Editor

INSTRUCTION: Final = (
    "Restore the fine detail of this portrait photograph: natural skin texture with pores, sharp eyes and lashes, "
    "single strands of hair. Change nothing else: keep the same person, face, expression, gaze, pose, light, colours, "
    "make-up, moles, scars, hair, clothes, background, framing and depth of field."
)
# The length of waves that tells a sharp face from a blurred one, in distances between the pupils: lashes and strands.
_TELLING: Final = 0.05
# An octave of a sharp face has seven tenths and more of the amplitude of the next coarser one; blurred by a twentieth
# of that distance, as a standard deviation, it has 0.4. Between these a place lacks some of its detail.
_LACKING, _HOLDING = 0.40, 0.65
# How far around a place detail is looked for; lacking less than this much of a face, a picture needs no help.
_AROUND: Final = 0.25
_WORTH: Final = 0.05
# Amplitude that is nothing, so that flat places are not compared.
_NOTHING: Final = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class Restored:
    """A portrait with detail drawn in where it lacked some, and the face that is meant, found anew.

    `reach` is the mask (H, W) of what may have been drawn; `parameters` and `notes` are for the report.
    """

    portrait: Portrait
    face: Face
    reach: NDArray[np.float32]
    parameters: dict[str, object]
    notes: tuple[str, ...]


def as_it_is(portrait: Portrait, face: Face, *notes: str) -> Restored:
    """Return a portrait in which nothing was drawn."""
    return Restored(portrait, face, np.zeros(portrait.picture.pixels.shape[:2], np.float32), {}, notes)


def restored(
    portrait: Portrait,
    face: Face,
    editor: Editor | None,
    models: ModelRunner,
    *,
    seed: int,
    check: Callable[[], None] = lambda: None,
) -> Restored:
    """Draw detail in where a face lacks it.

    Raises ModelNotInstalledError where there is no editor, and what `Editor.edit` raises.
    """
    if editor is None:
        refuse()
    picture, mask, share = portrait.picture, *_lacking(portrait, face)
    if share < _WORTH:
        return as_it_is(portrait, face, "The picture holds its detail; nothing was drawn in.")
    small = shown(picture, editor.size_for(picture.width, picture.height))
    answer = editor.edit(small, INSTRUCTION, seed=seed, check=check)
    check()
    skin = portrait.mask(Region.SKIN, face)
    carried = graft(picture.pixels, in_space(answer, picture.space), mask, skin, picture.space, Purpose(detail=0.0))
    drawn = Portrait(picture.with_pixels(carried.pixels), models)
    told: dict[str, object] = {
        "drawn_in": round(share, 3),
        "backend": editor.family.name,
        "checkpoint": editor.checkpoint.version,
        "licence": editor.family.licence,
        "instruction": INSTRUCTION,
    }
    note = f"Detail was drawn in over {100 * share:.0f} % of the face and its hair by {editor.family.title}."
    nose = face.mesh[1, :2]
    return Restored(drawn, drawn.select(at=(float(nose[0]), float(nose[1]))), mask, told, (note,))


def _lacking(portrait: Portrait, face: Face) -> tuple[NDArray[np.float32], float]:
    """Return where (H, W), 0..1, a face and its hair lack detail, and over which share of them."""
    whole = reach(portrait, face)
    view = view_of(portrait.picture, whole, face.interocular_pixels)
    if view is None:
        return whole, 0.0
    lack, inside = _lack(view), view.of(whole)
    return _enlarged(lack, view, whole), float((lack * inside).sum() / max(float(inside.sum()), 1.0))


def refuse() -> NoReturn:
    """Refuse to draw detail in without a network.

    Raises ModelNotInstalledError with the command that installs one.
    """
    command = "atelier models pull flux2-klein-4b"
    raise ModelNotInstalledError(
        "mode FLEXIBLE needs a network that may draw detail in, and none is installed. Ask for FAITHFUL, which brings "
        f"out what the picture holds; or run `{command}` and set ATELIER_EDIT_BACKEND to `flux2-klein-4b`.",
        metadata={"model": "flux2-klein-4b", "field": "enhancement.mode", "command": command},
    )


def _lack(view: View) -> NDArray[np.float32]:
    """Return how far each place (h, w) of a view lacks fine detail, 0..1."""
    level = min(range(LEVELS), key=lambda each: abs(math.log(wave(each, view.interocular) / _TELLING)))
    smooth = gaussian_pyramid(view.lightness, level + 2)
    fine, coarse = (_amplitude(smooth[each], smooth[each + 1], view) for each in (level, level + 1))
    ratio = fine / np.maximum(coarse, np.float32(_NOTHING))
    return np.asarray(np.clip((_HOLDING - ratio) / (_HOLDING - _LACKING), 0, 1), np.float32)


def _amplitude(fine: NDArray[np.float32], coarse: NDArray[np.float32], view: View) -> NDArray[np.float32]:
    """Return the amplitude of an octave around each place (h, w) of a view."""
    band = fine - cv2.pyrUp(coarse, dstsize=fine.shape[::-1])
    power = cv2.resize(band * band, view.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.sqrt(np.asarray(cv2.GaussianBlur(power, (0, 0), _AROUND * view.interocular), np.float32))


def _enlarged(lack: NDArray[np.float32], view: View, whole: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bring the lack to the picture's size, within the mask (H, W) of what may be touched."""
    mask = np.zeros_like(whole)
    size = (view.columns.stop - view.columns.start, view.rows.stop - view.rows.start)
    mask[view.rows, view.columns] = cv2.resize(lack, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.minimum(mask, whole), np.float32)
