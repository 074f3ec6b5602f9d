"""A person in and out of focus, before the background that is there or another one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging import color
from atelier_imaging.warp.resample import enlarged

from atelier_lens.ask import Focus
from atelier_lens.background import cast_gains, light_of
from atelier_lens.defocus import SHARP_RADIUS, blurred, blurred_by
from atelier_lens.depth import depth_of
from atelier_lens.encode import encoded
from atelier_lens.highlights import Expansion
from atelier_lens.layers import Layers, separated

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_imaging.picture import Picture
    from atelier_imaging.portrait import Portrait
    from atelier_imaging.vips import Pixels
    from numpy.typing import NDArray

    from atelier_lens.plan import Plan

# Loose hair that the matte does not know is within this share of the long edge around it.
_MARGIN: Final = 0.012


def defocuses(plan: Plan) -> bool:
    """Tell whether background or focus change anything that could be seen."""
    return plan.ask.background.replaces or plan.disc_radius >= SHARP_RADIUS


def focused(
    portrait: Portrait, plan: Plan, share: NDArray[np.float32], check: Callable[[], None]
) -> tuple[Pixels, NDArray[np.float32]]:
    """Return the picture in and out of focus, before its background, and where it may have changed (H, W), 0 or 1.

    `share` (H, W) is the person's matte. What is person and in focus keeps its own pixels.
    """
    picture, background = portrait.picture, plan.ask.background
    light = color.decode_transfer(picture.pixels)
    # Where little is blurred, loose hair may stay where it is.
    margin = min(_MARGIN * max(share.shape), max(plan.disc_radius, 1.0 if not background.replaces else np.inf))
    layers = separated(light, share, float(margin))
    check()
    behind = _behind(layers, plan, picture)
    person, radius = layers.person, _radius(portrait, plan)
    if background.replaces and background.adapt:
        person = person * cast_gains(layers.behind, behind, background.adapt, picture.space)
    check()
    drawn = encoded(_laid_over(person, share, radius, plan.ask.blades, behind, check), picture.pixels.dtype)
    changed = share < 1
    if radius is not None:
        changed |= radius > 0
    if background.adapt:
        changed[:] = True
    mask = changed.view(np.uint8)
    return np.asarray(cv2.copyTo(drawn, mask, picture.pixels.copy()), drawn.dtype), mask.astype(np.float32)


def _behind(layers: Layers, plan: Plan, picture: Picture) -> NDArray[np.float32]:
    """Return the light (H, W, 3) behind the person, out of focus."""
    background = plan.ask.background
    light = light_of(background, layers.matte.shape, picture.space) if background.replaces else layers.behind
    expansion = Expansion(plan.ask.highlights)
    if plan.disc_radius < SHARP_RADIUS:
        return light
    return expansion.restored(blurred(expansion.expanded(light), plan.disc_radius, plan.ask.blades))


def _radius(portrait: Portrait, plan: Plan) -> NDArray[np.float32] | None:
    """Return the radius (H, W), in pixels, of the discs that a person is drawn with, 0 where it is sharp.

    None where all of it is sharp.
    """
    if plan.optics is None or plan.face is None or plan.optics.aperture_mm == 0:
        return None
    picture = portrait.picture
    others = [face for face in portrait.faces if face.index != plan.face.index]
    depth = depth_of(plan.face, others, (picture.width, picture.height), plan.optics.distance_mm)
    limits = (depth.near_mm, depth.far_mm) if plan.ask.focus is Focus.FACE else (0.0, 0.0)
    nodes = plan.optics.disc_pixels(depth.towards_mm, *limits) / np.float32(2)
    whole = (slice(0, picture.height), slice(0, picture.width))
    radius = enlarged(np.asarray(nodes, np.float32), depth.grid, whole, cv2.INTER_LINEAR)
    radius[radius < SHARP_RADIUS] = 0
    return radius if radius.any() else None


def _laid_over(
    person: NDArray[np.float32],
    share: NDArray[np.float32],
    radius: NDArray[np.float32] | None,
    blades: int,
    behind: NDArray[np.float32],
    check: Callable[[], None],
) -> list[NDArray[np.float32]]:
    """Lay a person's light (H, W, 3) over what is behind, both as far out of focus as they are; in planes (H, W)."""
    mixed = [np.asarray(plane, np.float32) for plane in cv2.split(behind)]
    if not share.any():
        return mixed
    part = _reach(share, 0.0 if radius is None else float(radius.max()))
    near = np.ascontiguousarray(share[part])
    layer = [*(np.asarray(cv2.multiply(plane, near), np.float32) for plane in cv2.split(person[part])), near]
    if radius is not None:
        layer = blurred_by(layer, np.ascontiguousarray(radius[part]), blades, check)
    *light, left = layer
    for plane, under in zip(light, mixed, strict=True):
        under[part] = plane + (1 - left) * under[part]
    return mixed


def _reach(share: NDArray[np.float32], pixels: float) -> tuple[slice, slice]:
    """Return the rows and columns that a person's share (H, W) takes up, and so many pixels more on each side."""
    x, y, width, height = cv2.boundingRect((share > 0).view(np.uint8))
    more = math.ceil(pixels)
    return slice(max(0, y - more), y + height + more), slice(max(0, x - more), x + width + more)
