"""What is usual, and for whom."""

from __future__ import annotations

import json

import numpy as np
import pytest
from atelier_inspect import calibration
from atelier_inspect.calibrate import calibrated
from atelier_inspect.calibration import ALL, ENDS, FEWEST_IN_CLASS, SHARES
from atelier_inspect.catalogue import BY_NAME, NATURAL_COLOUR, SPECS

SPEC = BY_NAME["skin_texture"]


@pytest.fixture(scope="module")
def known() -> calibration.Calibration:
    """A calibration of 200 made-up portraits: women's skin measures 1 less, of the dark class there are too few."""
    random = np.random.default_rng(1)

    def row(people: tuple[str, ...], shift: float) -> tuple[tuple[str, ...], dict[str, float], np.ndarray]:
        return people, {spec.name: random.normal() + shift for spec in SPECS}, random.normal(size=2)

    men = [row(("light", "reads_male"), 0.0) for _ in range(130)]
    women = [row(("light", "reads_female"), -1.0) for _ in range(50)]
    dark = [row(("dark", "reads_male"), -9.0) for _ in range(FEWEST_IN_CLASS - 1)]
    return calibration.read(json.loads(json.dumps(calibrated([*men, *women, *dark]))))


def test_a_class_has_quantiles_of_its_own_only_with_enough_portraits(known: calibration.Calibration) -> None:
    assert {*known.quantiles["skin_texture"]} == {ALL, "light", "reads_male", "reads_female"}
    assert len(known.quantiles["skin_texture"][ALL]) == len(SHARES)
    assert len(known.quantiles["skin_texture"]["light"]) == len(ENDS)


def test_a_class_only_widens_what_passes(known: calibration.Calibration) -> None:
    for people in ((), ("light",), ("light", "reads_female"), ("unheard_of",)):
        for spec in SPECS:
            everybody, theirs = known.bounds(spec), known.bounds(spec, people)
            assert theirs.warn_low is None or theirs.warn_low <= (everybody.warn_low or 0.0)
            assert theirs.warn_high is None or theirs.warn_high >= (everybody.warn_high or 0.0)


def test_a_value_is_as_rare_as_in_the_class_that_has_it_most(known: calibration.Calibration) -> None:
    alone = known.rarity(SPEC, -2.5)
    assert known.rarity(SPEC, -2.5, ("light",)) <= alone  # the dark class, all of it lower, is in everybody's
    assert known.rarity(SPEC, -50.0, ("reads_female",)) == 0.0
    assert known.rarity(SPEC, 9.0, ("reads_female",)) == 1.0


def test_every_tone_of_skin_has_a_standard_of_its_own() -> None:
    known = calibration.default().quantiles["luminance_mean"]
    assert {"light", "intermediate", "tan", "dark", "grey"} <= {*known}


def test_dark_skin_is_not_told_to_be_a_dark_picture() -> None:
    usual, theirs = (calibration.default().bounds(BY_NAME["luminance_mean"], people) for people in ((), ("dark",)))
    assert usual.warn_low is not None
    assert theirs.warn_low is not None
    assert theirs.warn_low < usual.warn_low - 0.1


def test_what_comes_with_the_plugin_knows_every_measure_and_stays_small() -> None:
    own = calibration.default()
    assert {*own.quantiles} == {*BY_NAME}
    assert NATURAL_COLOUR in own.quantiles
    for classes in own.quantiles.values():
        for found in classes.values():
            assert (np.diff(found) >= 0).all()
