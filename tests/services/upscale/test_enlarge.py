"""One pass of a network over a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from atelier_imaging.likeness import psnr
from atelier_service.models.fake import FakeModels
from atelier_upscale.drawing import Manner
from atelier_upscale.enlarge import Pass
from atelier_upscale.networks import Networks, own_networks
from atelier_upscale.share import Amount
from atelier_upscale.size import Size
from atelier_upscale.tiles import cut

from tests.services.upscale.networks import repeating, upscalers
from tests.services.upscale.pictures import astronaut, bicubic, ended, levels_apart

if TYPE_CHECKING:
    from atelier_imaging.vips import Pixels

FAITHFUL = Manner(own_networks(4.0))


def enlarged(pixels: Pixels, size: Size, manner: Manner = FAITHFUL, models: FakeModels | None = None) -> Pixels:
    return ended(Pass(pixels, size, manner).run(models or upscalers()))[1]


@pytest.mark.parametrize(
    "manner",
    [
        FAITHFUL,
        Manner(own_networks(2.0)),
        Manner(own_networks(4.0), Amount(0.4)),
        Manner(own_networks(4.0), Amount(0.3), denoise=0.8),
        Manner(own_networks(4.0), Amount(0.3, np.tile(np.linspace(0.3, 1, 161, dtype=np.float32), (130, 1)))),
    ],
    ids=["faithful", "twice", "free", "cleaned", "mapped"],
)
@pytest.mark.parametrize("ratio", [4.0, 2.7, 1.0])
def test_tiles_give_what_the_whole_gives_within_a_level(manner: Manner, ratio: float) -> None:
    pixels, size = astronaut(161, 130), Size(161, 130).times(ratio)
    whole = enlarged(pixels, size, manner)
    small = cut(130, 161, size.height, size.width, manner.margin, largest=32)
    assert small.count == 30
    # The rounding of a number that falls between two levels.
    assert levels_apart(ended(Pass(pixels, size, manner, small).run(upscalers()))[1], whole) <= 1


@pytest.mark.parametrize("ratio", [4.0, 3.0, 2.0, 1.3])
def test_even_the_poorest_network_gives_a_result_that_made_small_is_the_picture(ratio: float) -> None:
    networks = Networks("poor", "poor", 4, 4)
    pixels = astronaut(128, 128)
    size = Size(128, 128).times(ratio)
    result = enlarged(pixels, size, Manner(networks), FakeModels({"poor": repeating(4)}))
    assert psnr(pixels, bicubic(np.asarray(result, np.uint8), 128, 128)) >= 38


def test_less_fidelity_is_less_like_the_picture() -> None:
    pixels = astronaut(96, 96)
    results = [enlarged(pixels, Size(384, 384), Manner(own_networks(4.0), Amount(share))) for share in (1.0, 0.5, 0.0)]
    likeness = [psnr(pixels, bicubic(np.asarray(result, np.uint8), 96, 96)) for result in results]
    assert likeness == sorted(likeness, reverse=True)
    assert likeness[0] > likeness[2] + 6


def test_noise_goes_as_far_as_it_is_asked_to() -> None:
    noise = np.random.default_rng(3).normal(128, 12, (96, 96, 3))
    pixels = np.asarray(np.clip(noise, 0, 255), np.uint8)
    deviations = [
        float(enlarged(pixels, Size(192, 192), Manner(own_networks(2.0), denoise=share)).std())
        for share in (0.0, 0.5, 1.0)
    ]
    assert deviations == sorted(deviations, reverse=True)
    assert deviations[2] < 0.5 * deviations[0]


def test_only_the_networks_that_are_needed_run() -> None:
    used = []
    for manner in (FAITHFUL, Manner(own_networks(4.0), Amount(0.0)), Manner(own_networks(4.0), Amount(0.5))):
        models = upscalers()
        enlarged(astronaut(32, 32), Size(128, 128), manner, models)
        used.append(models.calls)
    assert used == [
        ["upscaler_faithful_x4"],
        ["upscaler_restore_x4"],
        ["upscaler_restore_x4", "upscaler_faithful_x4"],
    ]


def test_sixteen_bits_keep_their_steps() -> None:
    ramp = np.linspace(20_000, 20_400, 64, dtype=np.uint16)
    pixels = np.ascontiguousarray(np.broadcast_to(ramp[None, :, None], (32, 64, 3)))
    result = enlarged(pixels, Size(256, 128))
    assert result.dtype == np.uint16
    # Two levels of 8 bits hold all of it: rounded to 8 bits, two numbers would be left.
    assert len(np.unique(result[64])) > 200


def test_grey_stays_grey() -> None:
    grey = np.repeat(astronaut(64, 64)[..., :1], 3, axis=2)
    result = enlarged(grey, Size(256, 256), Manner(own_networks(4.0), is_grey=True))
    assert np.array_equal(result[..., 0], result[..., 1])
    assert np.array_equal(result[..., 0], result[..., 2])


@pytest.mark.parametrize("size", [Size(16, 16), Size(1, 200), Size(300, 1), Size(1, 1), Size(3, 700)])
def test_tiny_and_extreme_pictures_are_enlarged(size: Size) -> None:
    pixels = np.full((size.height, size.width, 3), 77, np.uint8)
    result = enlarged(pixels, size.times(4))
    assert result.shape == (size.height * 4, size.width * 4, 3)
    assert levels_apart(result, np.full_like(result, 77)) == 0


def test_a_pass_may_be_given_up_between_batches() -> None:
    models = upscalers()
    drawing = Pass(astronaut(2048, 512), Size(4096, 1024), Manner(own_networks(2.0))).run(models)
    assert next(drawing) == 1
    drawing.close()
    # The one that was drawn, and the next, which was under way; not all four.
    assert len(models.calls) <= 3
