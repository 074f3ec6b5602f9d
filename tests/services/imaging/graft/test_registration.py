"""Known shifts, zooms, turns and drifts are found, whatever was done to the light."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from atelier_imaging.color import decode_transfer
from atelier_imaging.graft import register

from tests.services.imaging.graft.conftest import SIDE, Scene, drift, drifted, lit_from_the_side, moved

if TYPE_CHECKING:
    from numpy.typing import NDArray


def light(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.asarray(np.log(decode_transfer(pixels).mean(axis=2) + 0.01), np.float32)


def whole(zoom: float = 1.0, turn: float = 0.0, right: float = 0.0, down: float = 0.0) -> NDArray[np.float64]:
    matrix = np.asarray(cv2.getRotationMatrix2D((SIDE / 2 - 0.5, SIDE / 2 - 0.5), turn, zoom), np.float64)
    matrix[:, 2] += (right, down)
    return matrix


@pytest.mark.parametrize(
    "affine",
    [
        whole(right=7.4, down=-3.2),
        whole(zoom=1.04),
        whole(zoom=0.95, right=5),
        whole(turn=2.0),
        whole(zoom=1.03, turn=-1.5, right=-6, down=8),
    ],
)
@pytest.mark.parametrize("stops", [0.0, 1.5])
def test_what_was_done_to_the_whole_is_found(affine: NDArray[np.float64], stops: float, scene: Scene) -> None:
    edited = moved(lit_from_the_side(scene.pixels, stops), affine)
    found = register(light(scene.pixels), light(edited), scene.mask)
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    true = cv2.transform(np.dstack([x, y]), affine)
    off = np.linalg.norm(found.places - true, axis=2)[scene.mask > 0.5]
    # A quarter of a pixel in the median; the flat parts of cheek and backdrop tell less than edges do.
    assert np.median(off) < 0.25
    assert np.percentile(off, 95) < 1.0


@pytest.mark.parametrize("stops", [0.0, 1.0])
def test_what_drifted_beside_the_whole_is_found(stops: float, scene: Scene) -> None:
    flow = drift(4.0)
    edited = drifted(lit_from_the_side(scene.pixels, stops), flow)
    found = register(light(scene.pixels), light(edited), scene.mask)
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    left = np.linalg.norm(found.places - np.dstack([x, y]) - flow, axis=2)[scene.mask > 0.5]
    # 4 pixels of drift become one of half a pixel in the median.
    assert np.median(left) < 0.5
    assert np.percentile(left, 95) < 2.0


def test_a_new_light_alone_moves_nothing(scene: Scene) -> None:
    found = register(light(scene.pixels), light(lit_from_the_side(scene.pixels, 1.5)), scene.mask)
    assert found.shift_pixels < 0.3
    assert found.zoom == pytest.approx(1, abs=0.002)
    assert found.drift_pixels < 0.8


def test_another_picture_is_left_where_it_is(scene: Scene) -> None:
    noise = np.random.default_rng(0).normal(0, 1, (SIDE, SIDE)).astype(np.float32)
    found = register(light(scene.pixels), noise, scene.mask)
    assert found.correlation < 0.2
    assert found.shift_pixels < 0.05 * SIDE
