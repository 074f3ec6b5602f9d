"""How large a picture becomes."""

from __future__ import annotations

import pytest
from atelier_sdk.errors import ImageTooLargeError
from atelier_upscale.size import Size, SizeAsk, plan_size


def test_without_a_wish_a_picture_becomes_twice_as_large() -> None:
    plan = plan_size(Size(100, 60), SizeAsk())
    assert plan.drawn == plan.result == Size(200, 120)


@pytest.mark.parametrize(("target", "edge"), [("2K", 2048), ("4K", 3840)])
def test_a_target_is_the_long_edge(target: str, edge: int) -> None:
    assert plan_size(Size(1000, 750), SizeAsk(target=target)).result.width == edge
    assert plan_size(Size(750, 1000), SizeAsk(target=target)).result.height == edge


def test_a_small_picture_is_interpolated_beyond_the_network_and_told_so() -> None:
    plan = plan_size(Size(225, 275), SizeAsk(target="4K"))
    assert (plan.drawn, plan.result) == (Size(900, 1100), Size(3142, 3840))
    assert plan.notes == ("Beyond 4 times, the last 3.5 are interpolated.",)


def test_a_picture_one_pixel_wide_stays_at_least_that_wide() -> None:
    assert plan_size(Size(1, 1000), SizeAsk(target="4K")).result == Size(4, 3840)


def test_a_picture_that_is_large_enough_is_given_back_and_told_so() -> None:
    plan = plan_size(Size(4000, 3000), SizeAsk(target="4K"), works=True)
    assert (plan.drawn, plan.result) == (None, Size(4000, 3000))
    assert "given back as it is" in plan.notes[0]


def test_a_picture_that_is_large_enough_is_worked_on_at_its_size_when_forced() -> None:
    plan = plan_size(Size(4000, 3000), SizeAsk(target="4K", force=True))
    assert plan.drawn == plan.result == Size(4000, 3000)
    assert "keeps its size" in plan.notes[0]


def test_a_scale_of_one_does_nothing_unless_something_else_is_asked() -> None:
    assert plan_size(Size(50, 50), SizeAsk(scale=1.0)).drawn is None
    assert plan_size(Size(50, 50), SizeAsk(scale=1.0), works=True).drawn == Size(50, 50)


def test_a_result_beyond_the_limits_is_refused_with_every_limit_it_breaks() -> None:
    with pytest.raises(ImageTooLargeError) as caught:
        plan_size(Size(6000, 3000), SizeAsk(scale=4.0))
    assert len(caught.value.violations) == 2
    assert caught.value.metadata["width"] == "24000"


def test_the_largest_result_is_made() -> None:
    assert plan_size(Size(2048, 2048), SizeAsk(scale=4.0)).result == Size(8192, 8192)


def test_a_network_of_a_smaller_factor_leaves_more_to_interpolation() -> None:
    assert plan_size(Size(100, 100), SizeAsk(scale=4.0), factor=2).drawn == Size(200, 200)
