"""Discs, depth of field and distances against the formulas of a thin lens, written down another way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from atelier_lens.aperture import kernel
from atelier_lens.defocus import blurred
from atelier_lens.highlights import Expansion
from atelier_lens.light import split
from atelier_lens.optics import LONG_EDGE_MM, Optics, framed_distance_mm
from atelier_lens.vignette import falloff, gains

if TYPE_CHECKING:
    from atelier_lens.layers import Planes


def bloomed(light: Planes, amount: float, radius: float) -> Planes:
    curve = Expansion(amount)
    return curve.restored([blurred(plane, radius) for plane in curve.expanded(light)])


@pytest.mark.parametrize(("focal", "number"), [(35.0, 1.4), (85.0, 1.8), (135.0, 4.0)])
def test_the_background_disc_is_the_circle_of_confusion_on_the_sensor(focal: float, number: float) -> None:
    # On the sensor: c = f² |d - s| / (N d (s - f)), in millimetres; the frame's long edge is 36 of them.
    distance, behind, edge = 1500.0, 3000.0, 1024
    on_sensor = focal**2 * behind / (number * (distance + behind) * (distance - focal))
    magnification = focal / (distance - focal)
    scale = magnification * edge / LONG_EDGE_MM
    optics = Optics(distance, behind, focal / number, scale)
    assert optics.background_pixels == pytest.approx(on_sensor * edge / LONG_EDGE_MM, rel=1e-5)


def test_the_framed_distance_gives_the_frame_back() -> None:
    distance = framed_distance_mm(85.0, 2.0, 1000)
    assert 85.0 / (distance - 85.0) == pytest.approx(LONG_EDGE_MM / (1000 / 2.0))


def test_what_lies_within_the_face_is_sharp_and_blur_grows_from_there() -> None:
    discs = Optics(1000.0, 2000.0, 47.0, 2.0).disc_pixels(np.array([30, 0, -40, -80, -200], np.float32), 30.0, -40.0)
    assert discs[:3].tolist() == [0, 0, 0]
    assert 0 < discs[3] < discs[4]


@pytest.mark.parametrize("blades", [0, 5, 7, 9])
@pytest.mark.parametrize("radius", [0.3, 2.5, 8.0, 20.0])
def test_an_aperture_keeps_light_and_area(radius: float, blades: int) -> None:
    opening = kernel(radius, blades)
    assert opening.sum() == pytest.approx(1, abs=1e-5)
    # An even disc of area A has the value 1 / A; 25 looks a pixel find it within 3 % from a radius of 2 pixels on.
    if radius > 2:
        assert 1 / opening.max() == pytest.approx(np.pi * radius**2, rel=0.03)


@pytest.mark.parametrize("radius", [3.0, 7.5, 16.0, 40.0])
def test_a_point_becomes_a_disc_of_the_radius_asked_for(radius: float) -> None:
    light = np.zeros((257, 257), np.float32)
    light[128, 128] = 1
    drawn = blurred(light, radius)
    y, x = np.mgrid[:257, :257] - 128
    # The second moment of an even disc of radius r is r² / 2.
    measured = np.sqrt(2 * float((drawn * (x**2 + y**2)).sum() / drawn.sum()))
    assert measured == pytest.approx(radius, rel=0.05)
    assert drawn.sum() == pytest.approx(1, rel=0.03)


def test_an_even_surface_comes_through_highlights_and_blur_unchanged() -> None:
    bright = split(np.full((64, 64, 3), (0.98, 0.9, 0.7), np.float32))
    assert np.allclose(bloomed(bright, 1.0, 6.0), bright, atol=2e-3)


def test_a_clipped_light_blooms_into_a_brighter_disc() -> None:
    light = np.full((101, 101, 3), 0.05, np.float32)
    light[48:53, 48:53] = 1
    discs = [bloomed(split(light), amount, 8.0)[0][50, 50] for amount in (0.0, 0.5, 1.0)]
    assert discs[0] < discs[1] < discs[2]
    # White eight times as bright: the disc holds eight times the light of the 25 pixels, until the curve bends it.
    assert discs[2] - 0.05 > 4 * (discs[0] - 0.05)


def test_the_vignette_is_cos4_where_the_barrel_is_out_of_the_way() -> None:
    # At f/16 the pupil is so small that the barrel takes nothing; the corner of 36 x 24 mm is 21.63 mm off the axis.
    assert falloff(np.array([1.0]), 50.0, 16.0)[0] == pytest.approx(1 / (1 + (21.633 / 50) ** 2) ** 2, rel=1e-3)
    wide_open, stopped = (falloff(np.array([0.9]), 50.0, number)[0] for number in (1.4, 8.0))
    assert wide_open < stopped


def test_the_vignette_leaves_the_middle_and_grows_with_its_strength() -> None:
    corners = [float(gains((100, 150), 85.0, 2.0, strength)[0, 0]) for strength in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert corners[0] == 1
    assert corners == sorted(corners, reverse=True)
    assert gains((100, 150), 85.0, 2.0, 1.0)[50, 75] == pytest.approx(1, abs=1e-3)
