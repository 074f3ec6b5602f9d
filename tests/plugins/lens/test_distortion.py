"""Distortion put in and taken out."""

from __future__ import annotations

import numpy as np
import pytest
from atelier_imaging.warp.resample import resample
from atelier_lens.distortion import Distortion, Frame


@pytest.mark.parametrize(("k1", "k2"), [(-0.2, 0.05), (-0.08, 0.0), (0.15, 0.0), (0.3, -0.1)])
def test_both_ways_are_inverse_to_each_other(k1: float, k2: float) -> None:
    warp = Distortion(k1, k2)
    places = np.stack(np.meshgrid(np.linspace(-0.7, 0.7, 15), np.linspace(-0.6, 0.6, 15)), axis=-1)
    assert np.abs(warp.backward(warp.forward(places)) - places).max() < 1e-6


def test_a_barrel_bends_straight_lines_outwards_and_a_pincushion_inwards() -> None:
    edge = np.array([[-0.5, -0.4], [0.0, -0.4], [0.5, -0.4]])
    for k1, sign in ((-0.1, 1), (0.1, -1)):
        ends, middle = Distortion(k1).forward(edge)[[0, 1], 1]
        assert sign * (ends - middle) > 0


@pytest.mark.parametrize("correct", [False, True])
@pytest.mark.parametrize("k1", [-0.25, 0.25])
def test_no_corner_is_empty(k1: float, *, correct: bool) -> None:
    frame = Frame.filled(Distortion(k1, correct=correct), 300, 200)
    source = frame.flow().source()
    nodes = frame.flow().grid.nodes()
    inside = (nodes[..., 0] < 300) & (nodes[..., 1] < 200)
    assert source[inside].min() >= 0
    assert (source[inside].max(axis=0) <= (300, 200)).all()
    assert 0.5 < frame.zoom <= 1


def test_a_picture_distorted_and_corrected_is_itself_in_its_middle() -> None:
    y, x = np.mgrid[:240, :320]
    pixels = np.repeat((127 + 60 * np.sin(x / 9) + 60 * np.sin(y / 11))[..., None], 3, 2).astype(np.uint8)
    there = Frame.filled(Distortion(0.1), 320, 240)
    back = Frame(Distortion(0.1, correct=True), 320, 240, 1.0)
    again = resample(resample(pixels, there.flow()), back.flow())
    # Two resamplings of waves of 57 pixels: within 3 levels.
    assert np.abs(again[60:180, 80:240].astype(int) - pixels[60:180, 80:240]).max() <= 3


def test_what_would_fold_is_told() -> None:
    assert Distortion(-0.3, -0.1).folds
    assert not Distortion(-0.25, 0.05).folds
