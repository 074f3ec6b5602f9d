"""How large a picture becomes."""

from __future__ import annotations

import pytest
from atelier_sdk.errors import ImageTooLargeError
from atelier_upscale.size import Size, SizeAsk, plan_size


def test_without_a_wish_a_picture_becomes_twice_as_large() -> None:
    assert plan_size(Size(100, 60), SizeAsk()).sizes == (Size(100, 60), Size(200, 120))


@pytest.mark.parametrize(("target", "edge"), [("2K", 2048), ("4K", 3840)])
def test_a_target_is_the_long_edge(target: str, edge: int) -> None:
    assert plan_size(Size(1000, 750), SizeAsk(target=target)).result.width == edge
    assert plan_size(Size(750, 1000), SizeAsk(target=target)).result.height == edge


def test_a_small_picture_gets_to_its_target_in_two_passes() -> None:
    plan = plan_size(Size(225, 275), SizeAsk(target="4K"))
    assert plan.sizes == (Size(225, 275), Size(786, 960), Size(3142, 3840))
    assert plan.notes == ()


def test_a_tiny_picture_is_interpolated_the_rest_of_the_way_and_told_so() -> None:
    plan = plan_size(Size(16, 16), SizeAsk(target="4K"))
    assert plan.sizes == (Size(16, 16), Size(64, 64), Size(256, 256))
    assert plan.result == Size(3840, 3840)
    assert "15.0, is interpolation" in plan.notes[0]


def test_a_picture_one_pixel_wide_stays_at_least_that_wide() -> None:
    assert plan_size(Size(1, 900), SizeAsk(target="4K")).result == Size(4, 3840)


def test_a_picture_that_is_large_enough_is_given_back_and_told_so() -> None:
    plan = plan_size(Size(4000, 3000), SizeAsk(target="4K"), works=True)
    assert plan.keeps_picture
    assert "given back as it is" in plan.notes[0]


def test_a_picture_that_is_large_enough_is_worked_on_at_its_size_when_forced() -> None:
    plan = plan_size(Size(4000, 3000), SizeAsk(target="4K", force=True))
    assert plan.sizes == (Size(4000, 3000), Size(4000, 3000))
    assert "keeps its size" in plan.notes[0]


def test_a_scale_of_one_does_nothing_unless_something_else_is_asked() -> None:
    assert plan_size(Size(50, 50), SizeAsk(scale=1.0)).keeps_picture
    assert not plan_size(Size(50, 50), SizeAsk(scale=1.0), works=True).keeps_picture


def test_a_result_beyond_the_limits_is_refused_with_every_limit_it_breaks() -> None:
    with pytest.raises(ImageTooLargeError) as caught:
        plan_size(Size(6000, 3000), SizeAsk(scale=4.0))
    assert len(caught.value.violations) == 2
    assert caught.value.metadata["width"] == "24000"


def test_the_largest_result_is_made() -> None:
    assert plan_size(Size(2048, 2048), SizeAsk(scale=4.0)).result == Size(8192, 8192)


def test_the_pass_that_costs_most_starts_from_few_pixels() -> None:
    assert plan_size(Size(512, 512), SizeAsk(target="4K")).sizes[1] == Size(960, 960)


def test_a_network_of_a_smaller_factor_takes_more_passes() -> None:
    assert len(plan_size(Size(100, 100), SizeAsk(scale=4.0), factor=2).sizes) == 3
