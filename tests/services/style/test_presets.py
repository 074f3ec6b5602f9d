from __future__ import annotations

import pytest
from atelier_sdk.errors import PresetUnknownError
from atelier_style.presets import check_names, find, grades, stocks


def test_there_are_at_least_ten_grades_and_eight_stocks() -> None:
    assert len(grades()) >= 10
    assert len(stocks()) >= 8


@pytest.mark.parametrize("preset", [*grades().values(), *stocks().values()], ids=[*grades(), *stocks()])
def test_every_preset_says_in_a_sentence_what_it_looks_like(preset: object) -> None:
    description = getattr(preset, "description", "")
    assert 20 < len(description) < 120
    assert description.endswith(".")


def test_stocks_lie_within_what_the_api_lets_anybody_ask_for_but_for_the_finest() -> None:
    for name, stock in stocks().items():
        assert 0.04 <= stock.model.radius <= 0.30, name
        assert 0.3 <= stock.model.filter_sigma <= 3.0, name
        assert 25 <= stock.iso <= 6400, name


def test_published_granularity_orders_the_radii() -> None:
    published = [stock for stock in stocks().values() if stock.rms_granularity is not None and not stock.rgb]
    ranked = sorted(published, key=lambda stock: stock.rms_granularity or 0)
    assert [stock.model.radius for stock in ranked] == sorted(stock.model.radius for stock in published)
    assert all(stock.source != "tuned by eye" for stock in published)


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(PresetUnknownError) as refusal:
        find("grade", "golden_worm", grades(), "grade.preset")
    assert refusal.value.metadata["nearest"].startswith("golden_warm")
    assert [violation.field for violation in refusal.value.violations] == ["grade.preset"]


def test_a_name_like_no_other_is_refused_with_some_that_exist() -> None:
    with pytest.raises(PresetUnknownError) as refusal:
        find("film stock", "zzzz", stocks(), "grain.stock")
    assert set(refusal.value.metadata["nearest"].split(", ")) <= set(stocks())


def test_all_unknown_names_of_a_request_are_refused_at_once() -> None:
    with pytest.raises(PresetUnknownError) as refusal:
        check_names("golden_worm", "try_x_400")
    assert [violation.field for violation in refusal.value.violations] == ["grade.preset", "grain.stock"]
