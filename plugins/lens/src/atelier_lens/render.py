"""Draw a picture through a lens: what is in focus, perspective, distortion, vignette, in the order light takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging import color
from atelier_imaging.region import Region
from atelier_imaging.transfer import quantised
from atelier_imaging.warp.backdrop import resample_person
from atelier_imaging.warp.resample import enlarged, resample

from atelier_lens.ask import Focus
from atelier_lens.background import cast_gains, light_of
from atelier_lens.defocus import SHARP_RADIUS, blurred, blurred_by
from atelier_lens.depth import depth_of
from atelier_lens.distortion import Frame
from atelier_lens.highlights import Expansion
from atelier_lens.layers import Layers, separated
from atelier_lens.matte import matte
from atelier_lens.perspective import reprojected
from atelier_lens.vignette import gains

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_imaging.picture import Picture
    from atelier_imaging.portrait import Portrait
    from atelier_imaging.vips import Pixels
    from atelier_imaging.warp.flow import Flow
    from numpy.typing import NDArray

    from atelier_lens.plan import Plan

# Loose hair that the matte does not know is within this share of the long edge around it.
_MARGIN: Final = 0.012
_LOOSE_HAIR: Final = 0.07
# The aperture that a vignette is that of, where none is asked for.
_USUAL_APERTURE: Final = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Rendered:
    """A picture through a lens.

    `matte` (H, W) and `changed` (H, W), 0 or 1, are of the source before anything moved: the person's share, and what
    focus and background may change. `mesh` is where the face is now; `flow` the perspective's and `frame` the
    distortion's, None where there is none.
    """

    picture: Picture
    matte: NDArray[np.float32] | None = None
    changed: NDArray[np.float32] | None = None
    mesh: NDArray[np.float32] | None = None
    flow: Flow | None = None
    frame: Frame | None = None


def render(portrait: Portrait, plan: Plan, check: Callable[[], None] = lambda: None) -> Rendered:
    """Draw a portrait through a lens; where the plan changes nothing, the picture itself.

    `check` is called now and then and may raise.
    """
    picture, ask = portrait.picture, plan.ask
    pixels, alpha, mesh = picture.pixels, picture.alpha, plan.face.mesh if plan.face else None
    share, changed, flow, frame = None, None, None, None
    if _defocuses(plan):
        share = matte(pixels, portrait.mask(Region.PERSON), check)
        pixels, changed = focused(portrait, plan, share, check)
    if plan.before_mm is not None and plan.optics is not None and plan.face is not None:
        scale = plan.optics.pixels_per_mm
        size = (picture.width, picture.height)
        turned = reprojected(plan.face, size, plan.before_mm * scale, plan.optics.distance_mm * scale)
        flow, mesh = turned.flow, turned.mesh
        who = share if share is not None else portrait.mask(Region.PERSON)
        pixels = resample_person(pixels, flow, who, _LOOSE_HAIR * plan.face.interocular_pixels, check)
        alpha = resample(alpha, flow, check) if alpha is not None else None
    if ask.distortion:
        frame = Frame.filled(ask.distortion, picture.width, picture.height)
        mesh = frame.carried(mesh) if mesh is not None else None
        pixels = resample(pixels, frame.flow(), check)
        alpha = resample(alpha, frame.flow(), check) if alpha is not None else None
    if ask.vignette:
        pixels = _darkened(pixels, plan)
    if pixels is picture.pixels:
        return Rendered(picture, share, changed, mesh)
    return Rendered(picture.with_pixels(pixels, alpha), share, changed, mesh, flow, frame)


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
    blurs = radius is not None and bool(radius.max() >= SHARP_RADIUS)
    mixed = _laid_over(person, share, radius if blurs else None, plan.ask.blades, behind, check)
    changed = share < 1
    if blurs and radius is not None:
        changed |= radius >= SHARP_RADIUS
    if background.adapt:
        changed = np.ones_like(changed)
    result = picture.pixels.copy()
    drawn = quantised(color.encode_transfer(mixed), picture.pixels.dtype.itemsize * 8)
    np.copyto(result, drawn, where=changed[..., None])
    return result, changed.astype(np.float32)


def _defocuses(plan: Plan) -> bool:
    """Tell whether background or focus change anything that could be seen."""
    return plan.ask.background.replaces or plan.disc_radius >= SHARP_RADIUS


def _behind(layers: Layers, plan: Plan, picture: Picture) -> NDArray[np.float32]:
    """Return the light (H, W, 3) behind the person, out of focus."""
    background = plan.ask.background
    light = light_of(background, layers.matte.shape, picture.space) if background.replaces else layers.behind
    expansion = Expansion(plan.ask.highlights)
    if plan.disc_radius < SHARP_RADIUS:
        return light
    return expansion.restored(blurred(expansion.expanded(light), plan.disc_radius, plan.ask.blades))


def _radius(portrait: Portrait, plan: Plan) -> NDArray[np.float32] | None:
    """Return the radius (H, W), in pixels, of the discs that what is person is drawn with; None where it is sharp."""
    if plan.optics is None or plan.face is None or plan.optics.aperture_mm == 0:
        return None
    picture = portrait.picture
    others = [face for face in portrait.faces if face.index != plan.face.index]
    depth = depth_of(plan.face, others, (picture.width, picture.height), plan.optics.distance_mm)
    limits = (depth.near_mm, depth.far_mm) if plan.ask.focus is Focus.FACE else (0.0, 0.0)
    nodes = plan.optics.disc_pixels(depth.towards_mm, *limits) / np.float32(2)
    whole = (slice(0, picture.height), slice(0, picture.width))
    return enlarged(np.asarray(nodes, np.float32), depth.grid, whole, cv2.INTER_LINEAR)


def _laid_over(
    person: NDArray[np.float32],
    share: NDArray[np.float32],
    radius: NDArray[np.float32] | None,
    blades: int,
    behind: NDArray[np.float32],
    check: Callable[[], None],
) -> NDArray[np.float32]:
    """Lay a person's light (H, W, 3) over what is behind, both as far out of focus as they are."""
    red, green, blue = (cv2.multiply(plane, share) for plane in cv2.split(person))
    layer = np.asarray(cv2.merge([red, green, blue, share]), np.float32)
    if radius is not None:
        layer = blurred_by(layer, np.where(radius >= SHARP_RADIUS, radius, np.float32(0)), blades, check)
    *light, left = cv2.split(layer)
    rest = np.asarray(1 - np.asarray(left, np.float32), np.float32)
    for plane, under in zip(light, cv2.split(behind), strict=True):
        cv2.accumulateProduct(rest, under, plane)
    return np.asarray(cv2.merge(light), np.float32)


def _darkened(pixels: Pixels, plan: Plan) -> Pixels:
    ask = plan.ask
    factors = gains(pixels.shape, ask.focal_mm, ask.aperture or _USUAL_APERTURE, ask.vignette)
    light = color.decode_transfer(pixels) * factors[..., None]
    return quantised(color.encode_transfer(np.asarray(light, np.float32)), pixels.dtype.itemsize * 8)
