"""What is measured of a portrait through a lens."""

from __future__ import annotations

import itertools
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging import color
from atelier_imaging.measures import (
    Gate,
    Measure,
    global_shift,
    judged,
    not_measurable,
    outside_mask_difference,
    skin_delta_e,
    texture_ratio,
)
from atelier_imaging.measures.colour import SKIN_DELTA_E
from atelier_imaging.measures.texture import TEXTURE_RATIO
from atelier_imaging.region import Region
from atelier_imaging.topology import FACE_OVAL
from atelier_imaging.warp.fill import filled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from atelier_imaging.face import Face
    from atelier_imaging.picture import Picture
    from atelier_imaging.portrait import Portrait
    from numpy.typing import NDArray

    from atelier_lens.plan import Plan
    from atelier_lens.render import Rendered

HEAD_SIZE: Final = Gate(minimum=0.98, maximum=1.02, fail_below=0.95, fail_above=1.05)
JACOBIAN: Final = Gate(minimum=0.0)
EDGE_SPILL: Final = Gate(maximum=0.15, fail_above=0.3)
_PATCHES: Final = (Region.FOREHEAD, Region.LEFT_CHEEK, Region.RIGHT_CHEEK)
# The reduced picture's longer edge on which spill is measured; how wide the ring around the person is on it, and beyond
# which distance nothing of the person is.
_SMALL: Final = 320
_RING, _FAR = 3.0, 9.0
_LEAST_RING: Final = 100
_LEAST_CONTRAST: Final = 0.03


def measure(portrait: Portrait, rendered: Rendered, plan: Plan, found: Face | None) -> tuple[Measure, ...]:
    """Measure a portrait through a lens; `found` is the face on the result where it moved, None where there is none."""
    before, after, moves = portrait.picture, rendered.picture, plan.ask.moves
    taken: list[Callable[[], Iterable[Measure]]] = [lambda: _background_disc(plan)]
    if not moves:
        taken.append(lambda: [global_shift(before.pixels, after.pixels, before.space)])
        taken.append(lambda: _on_skin(portrait, after, plan))
    if (changed := rendered.changed) is not None and not (moves or plan.ask.vignette):
        taken.append(lambda: [outside_mask_difference(before.pixels, after.pixels, changed)])
    if (matte := rendered.matte) is not None and not moves:
        taken.append(lambda: [edge_spill(before, after, matte)])
    taken.append(lambda: _on_head(rendered, plan, found))
    # None waits for another, and each is worked out by code that leaves the interpreter to the rest.
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        return tuple(itertools.chain.from_iterable(pool.map(lambda task: tuple(task()), taken)))


def _background_disc(plan: Plan) -> Iterator[Measure]:
    if plan.disc_radius:
        text = f"A point of the background is a disc of {2 * plan.disc_radius:.1f} pixels, as the thin lens has it."
        yield judged("background_disc", 2 * plan.disc_radius, "px", None, text, Region.BACKGROUND)


def edge_spill(before: Picture, after: Picture, matte: NDArray[np.float32]) -> Measure:
    """Measure how much of the person's colour is left around its matte (H, W), beyond what the source has there.

    In a ring outside the matte the light is compared with the light farther out: the part of the difference that points
    towards the person's colour at the edge is its share. 0: none; 0.1: a tenth of the person shines through.
    """
    name, unit = "edge_spill", "ratio"
    scale = min(1.0, _SMALL / max(matte.shape))
    size = (max(2, round(matte.shape[1] * scale)), max(2, round(matte.shape[0] * scale)))
    share = np.asarray(cv2.resize(matte, size, interpolation=cv2.INTER_AREA), np.float32)
    away = np.asarray(cv2.distanceTransform((share < 0.02).astype(np.uint8), cv2.DIST_L2, 5), np.float32)
    ring = (away > 0) & (away <= _RING)
    if ring.sum() < _LEAST_RING or not (away > _FAR).any():
        return not_measurable(name, unit, EDGE_SPILL, "There is no background around the person.")
    own, left = (_towards_person(_light(picture, size), share, away, ring) for picture in (before, after))
    if own is None or left is None:
        return not_measurable(name, unit, EDGE_SPILL, "Person and background have about the same colour.")
    value = max(0.0, left - max(own, 0.0))
    text = f"{100 * left:.0f} % of the person's colour lies around it; in the source it is {100 * own:.0f} %."
    return judged(name, value, unit, EDGE_SPILL, text, Region.BACKGROUND)


def _light(picture: Picture, size: tuple[int, int]) -> NDArray[np.float32]:
    small = np.asarray(cv2.resize(picture.pixels, size, interpolation=cv2.INTER_AREA), picture.pixels.dtype)
    return color.decode_transfer(small)


def _towards_person(
    light: NDArray[np.float32], share: NDArray[np.float32], away: NDArray[np.float32], ring: NDArray[np.bool_]
) -> float | None:
    """Return how far from the far background's colour to the person's the ring lies, None if they are too near."""
    person = filled(light, (share > 0.97).astype(np.float32))[ring]
    far = filled(light, (away > _FAR).astype(np.float32))[ring]
    way = person - far
    length = float((way**2).sum())
    if length < _LEAST_CONTRAST**2 * way.size:
        return None
    return float(((light[ring] - far) * way).sum() / length)


def _on_skin(portrait: Portrait, after: Picture, plan: Plan) -> Iterator[Measure]:
    """Measure texture and colour of the skin of the face in focus."""
    face, before = plan.face, portrait.picture
    # Light that was asked to fall off, or to take on a cast, is measured for information.
    colour = None if plan.ask.vignette or plan.ask.background.adapt else SKIN_DELTA_E
    if face is None:
        why = "There is no face in the picture whose skin could be measured."
        yield not_measurable("texture_ratio", "ratio", TEXTURE_RATIO, why, Region.SKIN)
        return
    for region in _PATCHES:
        mask = portrait.mask(region, face)
        gate = TEXTURE_RATIO if plan.keeps_face else None
        yield texture_ratio(before.pixels, after.pixels, mask, before.space, face.interocular_pixels, region, gate)
    skin = portrait.mask(Region.SKIN, face)
    yield skin_delta_e(before.pixels, after.pixels, skin, before.space, face.interocular_pixels, colour)


def _on_head(rendered: Rendered, plan: Plan, found: Face | None) -> Iterator[Measure]:
    """Measure what another perspective made of the head."""
    if rendered.flow is None:
        return
    least = float(rendered.flow.jacobian().min())
    text = f"The most compressed place keeps {100 * least:.0f} % of its area; below 0 it would be folded over."
    yield judged("flow_jacobian", least, "ratio", JACOBIAN, text, Region.FACE)
    yield _head_size(plan.face, found, rendered)


def _head_size(face: Face | None, found: Face | None, rendered: Rendered) -> Measure:
    """Measure the face's width and height together against the source's; a distortion's zoom is taken out."""
    if face is None or found is None:
        why = "No face was found on the result."
        return not_measurable("head_size", "ratio", HEAD_SIZE, why, Region.FACE)
    areas = [cv2.contourArea(each.mesh[list(FACE_OVAL), :2]) for each in (face, found)]
    zoom = rendered.frame.zoom if rendered.frame is not None else 1.0
    value = float(np.sqrt(areas[1] / max(areas[0], 1e-6))) * zoom
    text = f"The face is {value:.3f} times as large as it was."
    return judged("head_size", value, "ratio", HEAD_SIZE, text, Region.FACE)
