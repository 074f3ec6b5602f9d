"""Relighting comes nearer to the truth than doing nothing and than moving the colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.services.edit.truth.comparison import Comparison, compare
from tests.services.edit.truth.lights import LIGHTS, PAIRS
from tests.services.edit.truth.render import render
from tests.services.edit.truth.sitters import models

if TYPE_CHECKING:
    from tests.services.edit.truth.head import Head


@pytest.fixture(scope="module")
def comparisons(astronaut_head: Head) -> dict[tuple[str, str], Comparison]:
    runner = models()
    rendered = {name: render(astronaut_head, light) for name, light in LIGHTS.items()}
    return {
        (source, target): compare(astronaut_head, rendered[source], rendered[target], LIGHTS[target], runner)
        for source, target in PAIRS
    }


@pytest.mark.parametrize("pair", PAIRS, ids=" to ".join)
def test_it_comes_nearer_to_the_truth(pair: tuple[str, str], comparisons: dict[tuple[str, str], Comparison]) -> None:
    likeness = comparisons[pair].likeness
    relit, rivals = likeness["relight"], [likeness["nothing"], likeness["colour transfer"]]
    # Measured: 3.9 to 7.3 dB more than either; half of that leaves room for the next improvement elsewhere.
    assert relit.psnr > max(each.psnr for each in rivals) + 2
    assert relit.ssim > max(each.ssim for each in rivals)
    assert relit.gmsd < 0.9 * min(each.gmsd for each in rivals)


def test_the_light_that_a_picture_was_taken_in_is_found(comparisons: dict[tuple[str, str], Comparison]) -> None:
    found = {source: each.found["key"] for (source, _), each in comparisons.items()}
    off = {}
    for name in ("loop_right", "loop_left", "butterfly", "rembrandt_left"):
        key, true = found[name], LIGHTS[name].lamps[0]
        assert isinstance(key, dict)
        off[name] = (
            abs(key["azimuth_degrees"] - true.azimuth_degrees),
            abs(key["elevation_degrees"] - true.elevation_degrees),
        )
    # Measured: 0 to 16 degrees of azimuth, the most from the light that stands furthest aside; 7 to 15 of elevation.
    assert sum(azimuth for azimuth, _ in off.values()) / len(off) < 8
    assert max(azimuth for azimuth, _ in off.values()) < 20
    assert max(elevation for _, elevation in off.values()) < 20
