"""Phase correlation finds how far a picture moved, and nothing where only its tones changed."""

from __future__ import annotations

import numpy as np
import pytest
from atelier_sdk.testing import portrait
from atelier_sdk.testing.shift import global_shift
from PIL import Image

SOURCE = np.asarray(portrait(), np.uint8)


@pytest.mark.parametrize(("down", "right"), [(0, 0), (1, 0), (0, -3), (4, 5)])
def test_whole_pixels_are_found(down: int, right: int) -> None:
    moved = np.roll(SOURCE, (down, right), (0, 1))
    assert global_shift(SOURCE, moved) == pytest.approx(np.hypot(down, right), abs=0.1)


def test_a_crop_that_is_enlarged_again_is_found() -> None:
    cropped = portrait().crop((4, 4, 288, 288)).resize((288, 288), Image.Resampling.BICUBIC)
    assert global_shift(SOURCE, np.asarray(cropped, np.uint8)) > 0.5


def test_tones_are_no_shift() -> None:
    assert global_shift(SOURCE, 60 + SOURCE // 2) < 0.5
