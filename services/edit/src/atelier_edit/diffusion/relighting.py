"""A portrait relit by a network: instructed, carried over to the source's own pixels, held to its gates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.color import ColorSpace, convert, decode_transfer, encode_transfer, quantise
from atelier_imaging.composite import multiband
from atelier_imaging.graft import Policy, Purpose, graft, held
from atelier_imaging.measures import geometry_drift, global_shift, texture_ratio
from atelier_imaging.portrait import Portrait
from atelier_imaging.region import Region

from atelier_edit.diffusion.editor import nothing
from atelier_edit.diffusion.instructions import instruction
from atelier_edit.relight_measures import RELIGHT_TEXTURE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from atelier_imaging.face import Face
    from atelier_imaging.graft import Graft
    from atelier_imaging.measures import Measure
    from atelier_imaging.models import ModelRunner
    from atelier_imaging.picture import Picture
    from atelier_imaging.vips import Pixels
    from numpy.typing import NDArray

    from atelier_edit.diffusion.editor import Editor
    from atelier_edit.light.rig import Rig
    from atelier_edit.relight_ask import RelightAsk
    from atelier_edit.relight_plan import RelightPlan

_TEXTURE_REGIONS: Final = (Region.FOREHEAD, Region.LEFT_CHEEK, Region.RIGHT_CHEEK)


@dataclass(frozen=True, slots=True, eq=False)
class Redrawn:
    """A portrait that a network relit: the picture, what the report says beside the plan's own, and sentences."""

    picture: Picture
    parameters: dict[str, object]
    notes: tuple[str, ...]


def redraw(
    ask: RelightAsk,
    plan: RelightPlan,
    portrait: Portrait,
    face: Face,
    editor: Editor,
    models: ModelRunner,
    *,
    seed: int,
    policy: Policy = Policy.LESSEN,
    check: Callable[[], None] = nothing,
    progress: Callable[[int, int], None] = lambda _step, _steps: None,
) -> Redrawn:
    """Relight a person with a network, as a plan has it; where the plan changes nothing, the picture stays itself.

    The network is told the plan's light in words and shown the picture at its own size. Of its answer only the change
    of light is used: it is registered, freed of casts nobody asked for, given the source's detail, blended within the
    person and held to the gates of texture, shift and geometry, with less strength where `policy` allows it.

    Raises what `Editor.edit` raises, and GateBrokenError.
    """
    if plan.recipe is None:
        return Redrawn(portrait.picture, {}, ())
    picture = portrait.picture
    words = instruction(plan.recipe.target, ask.mood or ask.pattern or "")
    small = shown(picture, editor.size_for(picture.width, picture.height))
    answer = editor.edit(small, words, seed=seed, check=check, progress=progress)
    check()
    grafted = _grafted(ask, plan.recipe.target, portrait, face, answer)
    person = portrait.mask(Region.PERSON)

    def apply(strength: float) -> Pixels:
        check()
        return multiband(picture.pixels, grafted.pixels, np.float32(strength * ask.strength) * person)

    def measure(pixels: Pixels) -> list[Measure]:
        return list(_gates(portrait, picture.with_pixels(pixels), face, models))

    kept = held(apply, measure, policy)
    return Redrawn(
        picture.with_pixels(kept.pixels), _told(editor, grafted, kept.strength, words), _notes(kept.strength)
    )


def _grafted(ask: RelightAsk, target: Rig, portrait: Portrait, face: Face, answer: NDArray[np.uint8]) -> Graft:
    """Take from a network's answer the light alone, on the source's own detail."""
    picture = portrait.picture
    purpose = Purpose(
        light=True,
        color=_is_colored(target, ask) and not picture.source.was_grey,
        detail=ask.preserve_detail,
    )
    person, skin = portrait.mask(Region.PERSON), portrait.mask(Region.SKIN, face)
    return graft(picture.pixels, in_space(answer, picture.space), person, skin, picture.space, purpose)


def shown(picture: Picture, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the picture as the network sees it: sRGB, 8 bits, of its size."""
    width, height = size
    shrinks = width * height <= picture.width * picture.height
    kind = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    small = np.asarray(cv2.resize(picture.pixels, (width, height), interpolation=kind), picture.pixels.dtype)
    light = convert(decode_transfer(small), picture.space, ColorSpace.SRGB)
    return quantise(encode_transfer(np.clip(light, 0, 1)), np.uint8)


def in_space(pixels: NDArray[np.uint8], space: ColorSpace) -> Pixels:
    """Return sRGB pixels in the picture's own space, with 16 bits where they change."""
    if space is ColorSpace.SRGB:
        return pixels
    return quantise(encode_transfer(np.clip(convert(decode_transfer(pixels), ColorSpace.SRGB, space), 0, 1)), np.uint16)


def _is_colored(rig: Rig, ask: RelightAsk) -> bool:
    """Say whether the light's colour was asked for; otherwise a cast is the network's own."""
    lamps = [lamp for lamp in (rig.key, rig.fill, rig.rim) if lamp is not None]
    return ask.preserve_color < 1 and any(lamp.kelvin is not None for lamp in lamps)


def _gates(portrait: Portrait, relit: Picture, face: Face, models: ModelRunner) -> Iterator[Measure]:
    before, after, space = portrait.picture.pixels, relit.pixels, relit.space
    yield global_shift(before, after, space)
    for region in _TEXTURE_REGIONS:
        mask = portrait.mask(region, face)
        yield texture_ratio(before, after, mask, space, face.interocular_pixels, region, RELIGHT_TEXTURE)
    found = [each for each in Portrait(relit, models).faces if face.box.contains(*each.mesh[1, :2])]
    if found:
        yield geometry_drift(face.mesh[:468, :2], found[0].mesh[:468, :2], face.interocular_pixels)


def _told(editor: Editor, grafted: Graft, strength: float, words: str) -> dict[str, object]:
    found, family = grafted.registration, editor.family
    return {
        "backend": family.name,
        "checkpoint": editor.checkpoint.version,
        "licence": family.licence,
        "instruction": words,
        "gated_strength": strength,
        "registration": {
            "shift_pixels": round(found.shift_pixels * grafted.step, 2),
            "zoom": round(found.zoom, 4),
            "drift_pixels": round(found.drift_pixels * grafted.step, 2),
            "correlation": round(found.correlation, 3),
        },
        "cast_undone": [round(value, 3) for value in grafted.cast],
    }


def _notes(strength: float) -> tuple[str, ...]:
    if strength == 1:
        return ()
    return (f"The edit broke a gate at full strength and was applied with {100 * strength:.0f} % of it.",)
