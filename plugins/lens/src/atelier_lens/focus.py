"""A person in and out of focus, before the background that is there or another one."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.region import Region

from atelier_lens.background import cast_gains, light_of
from atelier_lens.defocus import SHARP_RADIUS, reduction, spread
from atelier_lens.highlights import Expansion
from atelier_lens.layers import behind_of, continuation, continued
from atelier_lens.light import merged, reduced_light, split
from atelier_lens.matte import matte
from atelier_lens.radii import radii_of
from atelier_lens.scaling import reduced
from atelier_lens.scene import Scene

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from atelier_imaging.picture import Picture
    from atelier_imaging.portrait import Portrait
    from atelier_imaging.vips import Pixels
    from numpy.typing import NDArray

    from atelier_lens.layers import Colours, Planes
    from atelier_lens.plan import Plan

# Loose hair that the matte does not know is within this share of the long edge around it.
_MARGIN: Final = 0.012


def defocuses(plan: Plan) -> bool:
    """Tell whether background or focus change anything that could be seen."""
    return plan.ask.background.replaces or plan.disc_radius >= SHARP_RADIUS


def focused(
    portrait: Portrait, plan: Plan, check: Callable[[], None]
) -> tuple[Pixels, NDArray[np.float32], NDArray[np.float32]]:
    """Return the picture in and out of focus before its background, the person's matte, and what may have changed.

    Matte and change are float32 (H, W), the first 0..1, the second 0 or 1. What is person and in focus keeps its own
    pixels.
    """
    picture, faces = portrait.picture, portrait.faces
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        # What needs no matte is worked out while the person is looked for.
        small = pool.submit(reduced_light, picture.pixels, continuation(picture.pixels.shape))
        far = pool.submit(_light_behind, picture, plan)
        radii = pool.submit(radii_of, plan, faces, (picture.width, picture.height))
        person = portrait.mask(Region.PERSON)
        skin = pool.submit(_find_skin, portrait, plan)
        share = matte(picture.pixels, person, check)
        colours = continued(small.result(), share, _margin(plan, share))
        check()
        behind = _out_of_focus(far.result(), share, colours, plan, pool)
        gains = _gains(colours, behind, plan, picture)
        by = reduction(plan.disc_radius)
        scene = Scene(picture.pixels, share, colours, gains, radii.result(), plan.ask.blades, behind, by)
        pixels, changed = _drawn(scene, plan, pool, check)
        skin.result()
    return pixels, share, changed


def _light_behind(picture: Picture, plan: Plan) -> Planes:
    """Return the light of what is to be behind, with any person still in it, reduced and brightened for its discs."""
    background, by, curve = plan.ask.background, reduction(plan.disc_radius), Expansion(plan.ask.highlights)
    # Discs leave nothing so fine that it would not fit fewer pixels; highlights are brightened while they are points.
    if not background.replaces:
        return reduced_light(picture.pixels, by, curve)
    light = light_of(background, picture.pixels.shape, picture.space)
    return light if plan.disc_radius < SHARP_RADIUS else [reduced(plane, by) for plane in curve.expanded(light)]


def _find_skin(portrait: Portrait, plan: Plan) -> None:
    """Have the skin found that is measured afterwards: a processor would be idle meanwhile."""
    if plan.face is not None and not plan.ask.moves:
        portrait.mask(Region.SKIN, plan.face)


def _margin(plan: Plan, share: NDArray[np.float32]) -> float:
    # Where little is blurred, loose hair may stay where it is.
    least = np.inf if plan.ask.background.replaces else max(plan.disc_radius, 1.0)
    return float(min(_MARGIN * max(share.shape), least))


def _out_of_focus(light: Planes, share: NDArray[np.float32], colours: Colours, plan: Plan, pool: Executor) -> Planes:
    """Return the light behind the person, out of focus: three planes, reduced as its discs allow."""
    if plan.disc_radius < SHARP_RADIUS:
        return light
    curve, by = Expansion(plan.ask.highlights), reduction(plan.disc_radius)
    if not plan.ask.background.replaces:
        far = replace(colours, behind=merged(curve.expanded(split(colours.behind))))
        light = behind_of(light, share, far, by)
    return curve.restored(list(pool.map(lambda plane: spread(plane, plan.disc_radius / by, plan.ask.blades), light)))


def _gains(colours: Colours, behind: Planes, plan: Plan, picture: Picture) -> NDArray[np.float32]:
    """Return the factors (3,) on the person's light that the new background asks for."""
    adapt = plan.ask.background.adapt
    if not adapt:
        return np.ones(3, np.float32)
    new = np.array([plane.mean() for plane in behind], np.float32)
    return cast_gains(colours.behind.mean(axis=(0, 1)), new, adapt, picture.space)


def _drawn(scene: Scene, plan: Plan, pool: Executor, check: Callable[[], None]) -> tuple[Pixels, NDArray[np.float32]]:
    """Draw a scene over its own pixels, and say where it may have changed them."""
    pixels, changed = scene.pixels.copy(), np.empty(scene.share.shape, np.float32)

    def draw(rows: slice) -> None:
        check()
        drawn, where = scene.drawn(rows)
        if plan.ask.background.adapt:
            where[:] = True
        cv2.copyTo(drawn, where.view(np.uint8), pixels[rows])
        changed[rows] = where

    for _ in pool.map(draw, scene.strips):
        pass
    return pixels, changed
