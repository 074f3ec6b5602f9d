"""The page holds what the simulation found, and the manifests what the page concludes."""

from __future__ import annotations

from pathlib import Path

import pytest
from atelier_sdk import Limits
from atelier_simulation.page import PARTS, between, table

PAGE = Path(__file__).parents[3] / "docs" / "91-scale.md"


def test_every_part_has_its_place_and_its_figures() -> None:
    text = PAGE.read_text("utf-8")
    for name in PARTS:
        _, _, rest = text.partition(f"<!-- {name} -->\n")
        assert rest.partition(f"<!-- /{name} -->")[0].count("\n|") >= 3, name


def test_every_plot_is_there_and_shown() -> None:
    text = PAGE.read_text("utf-8")
    plots = {path.name for path in (PAGE.parent / "images").glob("scale-*.png")}
    assert plots == {name for name in plots if f"(images/{name})" in text}
    assert len(plots) == 4


def test_the_default_queue_is_the_one_that_the_page_recommends() -> None:
    assert f"`max_queue` is {Limits().max_queue}" in PAGE.read_text("utf-8")


def test_a_part_is_put_between_its_marks() -> None:
    assert between("a\n<!-- x -->\nold\n<!-- /x -->\nb", "x", "new") == "a\n<!-- x -->\nnew\n<!-- /x -->\nb"
    with pytest.raises(ValueError, match="no place for y"):
        between("", "y", "new")


def test_numbers_are_shown_with_what_counts() -> None:
    assert table(("a", "b"), [("x", 1234.5), ("y", 0.12345)]) == "| a | b |\n|---|---|\n| x | 1,234 |\n| y | 0.123 |"
