"""The renderer that relighting is measured against: light that can be worked out by hand, and a real head."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.services.edit.truth.head import Head, normals_of
from tests.services.edit.truth.lights import LIGHTS
from tests.services.edit.truth.occlusion import lit, openness, points_of, spread_over
from tests.services.edit.truth.render import Lamp, Light, irradiance, render

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE = 96


def stage(depth: NDArray[np.floating]) -> Head:
    """A grey sculpture of that depth."""
    depth = depth.astype(np.float32)
    whole = np.ones(depth.shape, np.float32)
    normals, points = normals_of(depth), points_of(depth, whole > 0)
    texture = np.full((*depth.shape, 3), 0.2, np.float32)
    return Head(
        picture=None,  # type: ignore[arg-type]
        depth=depth,
        normals=normals,
        texture=texture,
        shading=whole,
        open_sky=openness(points, depth, normals, SIDE),
        person=whole,
        skin=whole,
        face=whole,
        points=points,
        unit=SIDE,
    )


def wall(height: float, wide: int = 8) -> NDArray[np.float32]:
    """A plate with a wall across its middle, as high as that."""
    depth = np.zeros((SIDE, SIDE), np.float32)
    depth[:, SIDE // 2 - wide // 2 : SIDE // 2 + wide // 2] = height
    return depth


@pytest.mark.parametrize("angle", [0, 20, 50, 80])
def test_a_plate_gets_the_cosine_of_the_angle_to_a_small_lamp(angle: float) -> None:
    matt, _ = irradiance(stage(np.zeros((SIDE, SIDE))), Light((Lamp(angle, 0, 1.5, 0.0),), 0))
    assert matt[10:-10, 10:-10] == pytest.approx(1.5 * math.cos(math.radians(angle)), rel=0.01)


def test_a_wall_throws_a_shadow_as_long_as_its_height_over_the_tangent() -> None:
    head = stage(wall(12))
    reached = lit(head.points, head.depth, head.normals, Lamp(60, 0).direction)
    # The lamp stands at the right; tan(30°) = 0.577, so the shadow is 12 / 0.577 = 20.8 pixels to the wall's left.
    row = reached[SIDE // 2, : SIDE // 2 - 4]
    assert (row < 0.5).sum() == pytest.approx(12 / math.tan(math.radians(30)), abs=3)
    assert reached[SIDE // 2, SIDE // 2 + 6 :].min() == 1


def test_a_larger_lamp_has_a_wider_edge_of_shadow() -> None:
    head = stage(wall(16))
    widths = []
    for softness in (0.05, 0.2, 0.4):
        matt, _ = irradiance(head, Light((Lamp(50, 0, 1, softness),), 0))
        row = matt[SIDE // 2, : SIDE // 2 - 4] / matt[SIDE // 2, :8].mean()
        widths.append(int(((row > 0.1) & (row < 0.9)).sum()))
    assert widths[0] < widths[1] < widths[2]


@pytest.mark.parametrize("away", [3, 20, 40])
def test_a_long_wall_hides_its_share_of_the_sky(away: int) -> None:
    sky = stage(wall(40)).open_sky
    # Of an endless wall that rises by an angle e, the cosine-weighted share of the sky that is left is (1 + cos e) / 2.
    left = (1 + math.cos(math.atan2(40, away))) / 2
    assert sky[SIDE // 2, SIDE // 2 - 4 - away] == pytest.approx(left, abs=0.08)


def test_an_open_plate_sees_the_whole_sky() -> None:
    assert stage(np.zeros((SIDE, SIDE))).open_sky.min() > 0.99


def test_directions_keep_to_their_cap_and_centre() -> None:
    axis = Lamp(30, 40).direction
    spread = np.array(spread_over(axis, 0.5, 64))
    assert np.linalg.norm(spread, axis=1) == pytest.approx(1, abs=1e-5)
    assert (spread @ axis).min() >= math.sqrt(1 - 0.5**2) - 1e-5
    middle = spread.mean(axis=0)
    assert middle / np.linalg.norm(middle) == pytest.approx(axis, abs=0.02)


def cheeks(head: Head, light: Light) -> tuple[float, float]:
    """What the subject's left and right half of the face get."""
    matt, _ = irradiance(head, light)
    columns = np.arange(matt.shape[1])[None, :]
    middle = np.average(np.broadcast_to(columns, matt.shape), weights=head.face)
    left, right = head.skin * (columns > middle), head.skin * (columns < middle)
    return float(np.average(matt, weights=left)), float(np.average(matt, weights=right))


def test_the_side_of_the_lamp_is_the_bright_one(astronaut_head: Head) -> None:
    left, right = cheeks(astronaut_head, LIGHTS["rembrandt_left"])
    assert left > 1.5 * right
    left, right = cheeks(astronaut_head, LIGHTS["rembrandt_right"])
    assert right > 1.5 * left


def test_a_head_without_its_own_shadows_is_lit_more(astronaut_head: Head) -> None:
    light = replace(LIGHTS["rembrandt_left"], ambient=0.0)
    shadowed, _ = irradiance(astronaut_head, light)
    bare = np.maximum(astronaut_head.normals @ light.lamps[0].direction, 0)
    dark = (shadowed < 0.3 * bare) & (astronaut_head.face > 0) & (bare > 0.2)
    # The nose on the cheek, the brow over the eye: some percent of a face under such a lamp.
    assert 0.01 < dark.sum() / astronaut_head.face.sum() < 0.2


def test_a_rendering_is_exposed_like_its_portrait_and_leaves_the_background(astronaut_head: Head) -> None:
    source = astronaut_head.picture.pixels
    rendered = render(astronaut_head, LIGHTS["butterfly"]).picture.pixels
    skin = astronaut_head.skin > 0.9
    assert np.percentile(rendered[skin], 80) == pytest.approx(np.percentile(source[skin], 80), rel=0.05)
    assert np.array_equal(rendered[astronaut_head.person == 0], source[astronaut_head.person == 0])
