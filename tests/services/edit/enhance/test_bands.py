"""Detail by octaves."""

from __future__ import annotations

import numpy as np
import pytest
from atelier_edit.enhance.bands import LEVELS, collapsed, gaussian_pyramid, local_bands

SIDE = 512


def waves(amplitude: float, length: float, mean: float = 0.5, side: int = SIDE) -> np.ndarray:
    return np.tile(mean + amplitude * np.sin(2 * np.pi * np.arange(side) / length), (side, 1)).astype(np.float32)


@pytest.mark.parametrize("mean", [0.2, 0.37, 0.5, 0.66, 0.8])
def test_faint_texture_of_every_tone_is_detail_in_full(mean: float) -> None:
    detail = collapsed(local_bands(waves(0.02, 8, mean)).detail)[64:-64, 64:-64]
    # Between the tones that are looked at, the slope is made up for within a few percent.
    assert np.abs(detail).max() == pytest.approx(0.02, rel=0.08)


def test_an_edge_is_no_detail() -> None:
    step = np.full((SIDE, SIDE), 0.2, np.float32)
    step[:, SIDE // 2 :] = 0.8
    detail = collapsed(local_bands(step).detail)
    # A Laplacian pyramid would have nearly half of the step there.
    assert np.abs(detail).max() < 0.03


def test_texture_beside_an_edge_is_found() -> None:
    picture = waves(0.02, 8)
    picture[:, SIDE // 2 :] += 0.3
    beside = collapsed(local_bands(picture).detail)[64:-64, SIDE // 2 + 16 : SIDE // 2 + 64]
    assert np.abs(beside).max() == pytest.approx(0.02, rel=0.25)


def test_tiles_leave_no_trace() -> None:
    picture = np.random.default_rng(1).random((300, 600), np.float32) * 0.4 + 0.3
    whole = local_bands(picture).detail
    # The same pixels, but 256 columns further left: other tiles see them. Beside the cut, 64 pixels see the border.
    part = local_bands(np.ascontiguousarray(picture[:, 240:])).detail
    for level in range(LEVELS):
        left, skip = 240 >> level, 80 >> level
        np.testing.assert_allclose(part[level][:, skip:], whole[level][:, left + skip :], atol=1e-5)


def test_bands_of_every_level_have_that_levels_size() -> None:
    bands = local_bands(waves(0.01, 8)[:333, :201], levels=3)
    assert [band.shape for band in bands.detail] == [(333, 201), (167, 101), (84, 51)]
    assert [level.shape for level in bands.smooth] == [
        level.shape for level in gaussian_pyramid(waves(0, 8)[:333, :201], 3)
    ]


def test_work_can_be_stopped() -> None:
    def stop() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        local_bands(waves(0.01, 8), check=stop)
