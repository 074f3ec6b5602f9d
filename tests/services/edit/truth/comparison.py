"""A light changed into another by the service, and by what one would do without it, each against the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from atelier_edit.light.rig import Lamp as AskedLamp
from atelier_edit.light.rig import Rig
from atelier_edit.relight import relight
from atelier_edit.relight_plan import RelightAsk, plan_relight
from atelier_imaging.likeness import gmsd, psnr, ssim
from atelier_imaging.portrait import Portrait

from tests.services.edit.truth.rivals import color_transferred

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atelier_imaging.models import ModelRunner
    from atelier_imaging.vips import Pixels
    from numpy.typing import NDArray

    from tests.services.edit.truth.head import Head
    from tests.services.edit.truth.render import Lamp, Light, Rendering

# Of the face's skin, this share is darker than what counts as well lit.
_WELL_LIT = 80


@dataclass(frozen=True, slots=True)
class Likeness:
    """How near a picture comes to the truth on the person: dB, 0..1, and a distance."""

    psnr: float
    ssim: float
    gmsd: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """One light changed into another: how near each way comes, and the source's light as the service found it."""

    likeness: Mapping[str, Likeness]
    found: Mapping[str, object]


def compare(head: Head, source: Rendering, target: Rendering, light: Light, runner: ModelRunner) -> Comparison:
    """Relight `source` as `target` is lit, which is by `light`, and compare all ways with `target`.

    The service sees one picture and is told the lamps; the colour transfer is shown the target itself.
    """
    portrait = Portrait(source.picture, runner)
    plan = plan_relight(RelightAsk(rig=asked(light, target, head)), portrait, portrait.select())
    ways = {
        "relight": relight(portrait, plan).pixels,
        "colour transfer": color_transferred(source.picture, target.picture, head.person),
        "nothing": source.picture.pixels,
    }
    weight = inner(head.person)
    near = {name: likeness(target.picture.pixels, pixels, weight) for name, pixels in ways.items()}
    found = plan.parameters["source"]
    assert isinstance(found, dict)
    return Comparison(near, found)


def asked(light: Light, target: Rendering, head: Head) -> Rig:
    """Say a light in the service's unit, in which 1 is what well-lit skin gets."""
    full = float(np.percentile(target.irradiance[head.skin > 0.9], _WELL_LIT))
    key, *more = (_lamp(lamp, full) for lamp in light.lamps)
    return Rig(key, fill=more[0] if more else None, ambient=light.ambient / full)


def likeness(truth: Pixels, picture: Pixels, weight: NDArray[np.float32]) -> Likeness:
    """Take all three measures."""
    return Likeness(psnr(truth, picture, weight), ssim(truth, picture, weight), gmsd(truth, picture, weight))


def inner(person: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the person's mask without its outermost pixels, where the background shines through."""
    return np.asarray(person * cv2.erode(person, np.ones((3, 3), np.uint8)), np.float32)


def _lamp(lamp: Lamp, full: float) -> AskedLamp:
    return AskedLamp(lamp.azimuth_degrees, lamp.elevation_degrees, lamp.intensity / full, lamp.softness)
