"""Edges do not ring, whatever a network draws."""

from __future__ import annotations

import numpy as np
import pytest
from atelier_service.models.fake import FakeModels
from atelier_upscale.drawing import Manner
from atelier_upscale.enlarge import Pass
from atelier_upscale.networks import own_networks
from atelier_upscale.size import Size

from tests.services.upscale.networks import sharpening, upscalers
from tests.services.upscale.pictures import astronaut, ended, levels_apart


@pytest.mark.parametrize("ratio", [2.0, 3.3, 4.0])
def test_a_step_goes_beyond_its_levels_by_eight_hundredths_at_most(ratio: float) -> None:
    step = np.full((48, 64, 3), 64, np.uint8)
    step[:, 30:] = 192
    harsh = FakeModels({f"upscaler_faithful_x{factor}": sharpening(factor, amount=4.0) for factor in (2, 4)})
    manner = Manner(own_networks(ratio))
    result = ended(Pass(step, Size(64, 48).times(ratio), manner).run(harsh))[1].astype(float)
    # Ten of 128 levels, and what rounding adds.
    assert 64 - 11 <= result.min() < 64
    assert 192 < result.max() <= 192 + 11


def test_what_stays_within_the_pictures_own_range_is_not_touched() -> None:
    even = np.full((40, 40, 3), 120, np.uint8)
    result = ended(Pass(even, Size(160, 160), Manner(own_networks(4.0))).run(upscalers()))[1]
    assert levels_apart(result, np.full_like(result, 120)) == 0


def test_texture_keeps_its_strength() -> None:
    pixels = astronaut(96, 96)
    result = ended(Pass(pixels, Size(384, 384), Manner(own_networks(4.0))).run(upscalers()))[1]
    assert result.astype(float).std() > 0.98 * pixels.astype(float).std()
