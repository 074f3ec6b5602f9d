"""Draw a picture through a lens: what is in focus, perspective, distortion, vignette, in the order light takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging import color
from atelier_imaging.region import Region
from atelier_imaging.warp.backdrop import resample_person
from atelier_imaging.warp.resample import resample

from atelier_lens.distortion import Frame
from atelier_lens.encode import encoded
from atelier_lens.focus import defocuses, focused
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
    if defocuses(plan):
        pixels, share, changed = focused(portrait, plan, check)
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


def _darkened(pixels: Pixels, plan: Plan) -> Pixels:
    ask = plan.ask
    factors = gains(pixels.shape, ask.focal_mm, ask.aperture or _USUAL_APERTURE, ask.vignette)
    planes = [
        np.asarray(cv2.multiply(plane, factors), np.float32) for plane in cv2.split(color.decode_transfer(pixels))
    ]
    return encoded(planes, pixels.dtype)
