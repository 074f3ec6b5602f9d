"""The operation as a whole: time, cancellation, alpha, grain."""

from __future__ import annotations

import numpy as np
import pytest
from atelier_imaging.picture import Picture
from atelier_imaging.portrait import Portrait
from atelier_sdk.errors import CancelledError, DeadlineTooShortError
from atelier_upscale.pace import Pace
from atelier_upscale.plan import Ask, Plan, plan_upscaling
from atelier_upscale.size import SizeAsk
from atelier_upscale.upscaling import FINISHING, carry_out

from tests.services.upscale.networks import upscalers
from tests.services.upscale.pictures import astronaut, ended


class ToyCall:
    """What carrying out needs of a call: models, a deadline, and whether it is still wanted."""

    def __init__(self, seconds: float = 100.0, checks: int = 1000) -> None:
        self.models = upscalers()
        self._seconds = seconds
        self._checks = checks

    def remaining_seconds(self) -> float:
        return self._seconds

    def check(self) -> None:
        self._checks -= 1
        if self._checks < 0:
            raise CancelledError("The caller cancelled.")


def planned(picture: Picture, ask: Ask) -> tuple[Plan, ToyCall]:
    call = ToyCall()
    return plan_upscaling(Portrait(picture, call.models), ask, call.models), call


def test_a_call_that_earlier_ones_say_cannot_be_in_time_draws_nothing() -> None:
    picture = Picture.from_array(astronaut(600, 600))
    plan, _ = planned(picture, Ask(size=SizeAsk(scale=4.0)))
    pace = Pace()
    pace.take("upscaler_faithful_x4 ", 1_000_000, 10.0)
    call = ToyCall(seconds=2.0)
    with pytest.raises(DeadlineTooShortError) as caught:
        next(carry_out(plan, picture, call, pace))  # type: ignore[arg-type]
    assert call.models.calls == []
    assert caught.value.metadata["tiles"] == str(plan.tiles)


def test_time_for_measuring_and_encoding_counts_too() -> None:
    picture = Picture.from_array(astronaut(100, 100))
    plan, _ = planned(picture, Ask())
    pace = Pace()
    pace.take(FINISHING, plan.result.pixels, 5.0)
    with pytest.raises(DeadlineTooShortError):
        next(carry_out(plan, picture, ToyCall(seconds=4.0), pace))  # type: ignore[arg-type]


def test_a_cancelled_call_stops_after_the_batch_at_hand() -> None:
    picture = Picture.from_array(astronaut(2048, 600))
    plan, _ = planned(picture, Ask())
    call = ToyCall(checks=1)
    drawing = carry_out(plan, picture, call, Pace())  # type: ignore[arg-type]
    assert next(drawing) == 1
    with pytest.raises(CancelledError):
        next(drawing)
    assert len(call.models.calls) < plan.tiles


def test_nothing_asked_is_nothing_done() -> None:
    picture = Picture.from_array(astronaut(50, 40))
    plan, call = planned(picture, Ask(size=SizeAsk(scale=1.0)))
    steps, result = ended(carry_out(plan, picture, call, Pace()))  # type: ignore[arg-type]
    assert steps == []
    assert np.array_equal(result.pixels, picture.pixels)


def test_alpha_grows_with_its_picture() -> None:
    alpha = np.tile(np.linspace(0, 255, 40, dtype=np.uint8), (30, 1))
    picture = Picture.from_array(astronaut(40, 30), alpha=alpha)
    plan, call = planned(picture, Ask(size=SizeAsk(scale=3.0)))
    _, result = ended(carry_out(plan, picture, call, Pace()))  # type: ignore[arg-type]
    assert result.alpha is not None
    assert result.alpha.shape == result.pixels.shape[:2] == (90, 120)


def test_beyond_the_network_a_picture_is_interpolated() -> None:
    picture = Picture.from_array(astronaut(40, 40))
    plan, call = planned(picture, Ask(size=SizeAsk(target="2K")))
    _, result = ended(carry_out(plan, picture, call, Pace()))  # type: ignore[arg-type]
    assert result.pixels.shape == (2048, 2048, 3)
    assert result.pixels.dtype == np.uint8


def test_grain_comes_back_as_strong_as_it_was() -> None:
    noise = np.random.default_rng(8).normal(0, 6, (256, 256, 1))
    ramp = np.linspace(60, 200, 256)[:, None, None]
    pixels = np.asarray(np.clip(ramp + noise, 0, 255).repeat(3, axis=2), np.uint8)
    picture = Picture.from_array(pixels)
    deviations = []
    for grain in (0.0, 1.0):
        plan, call = planned(picture, Ask(denoise=1.0, grain=grain, seed=3))
        result = ended(carry_out(plan, picture, call, Pace()))[1].pixels  # type: ignore[arg-type]
        deviations.append(float((result[..., 0] - np.linspace(60, 200, 512)[:, None]).std()))
    # The network of the test leaves a fifth of the noise; half of what was there is the least to expect of an estimate.
    assert deviations[0] < 2.0
    assert 4.0 < deviations[1] < 8.0
