"""What is fitted describes what it was fitted to; distances tell like from unlike."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
from atelier_generate.base.attributes import ATTRIBUTES
from atelier_generate.base.frame import HEIGHT, POINTS, WIDTH
from atelier_generate.base.knowledge import knowledge
from atelier_training_base.distances import kernel_distance, texture_and_colour
from atelier_training_base.fitting import Fitted, mirrored_points
from atelier_training_base.framing import framed
from atelier_training_base.population_fit import fit_population


def test_every_point_has_a_mirror_point_whose_mirror_it_is() -> None:
    mean = knowledge().appearance.mean_shape
    mirror = mirrored_points(mean)
    assert (mirror[mirror] == np.arange(len(mean))).all()
    assert np.abs(mean[mirror] * (-1, 1) + (2 * mean[:, 0].mean(), 0) - mean).mean() < 2


def test_a_portrait_is_framed_without_leaving_the_photograph() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (275, 225, 3)).astype(np.uint8)
    mesh = np.random.default_rng(1).uniform(60, 160, (478, 2)).astype(np.float32)
    mesh[468], mesh[473] = (85, 110), (140, 110)
    cut, points = framed(picture, mesh)
    assert cut.shape == (HEIGHT, WIDTH, 3)
    right, left = points[POINTS.index(468)], points[POINTS.index(473)]
    assert right[1] == pytest.approx(float(left[1]), abs=1e-3)
    assert 30 < left[0] - right[0] < 42


def test_what_was_not_measured_is_filled_in_with_what_is_to_be_expected() -> None:
    generator = np.random.default_rng(0)
    shapes, textures = (generator.standard_normal((400, count)).astype(np.float32) for count in (3, 4))
    attributes = generator.standard_normal((400, len(ATTRIBUTES))).astype(np.float32)
    attributes[:, 0] = 5 + 2 * shapes[:, 0]
    unknown = attributes.copy()
    unknown[:40, 0] = np.nan

    model = Fitted(knowledge().appearance, shapes, textures)
    population, standard = fit_population(model, unknown, np.full(400, 1 / 400))
    restored = standard[:40, 0] * population.attribute_deviation[0] + population.attribute_mean[0]
    # The regression is damped a little.
    assert np.corrcoef(restored, attributes[:40, 0])[0, 1] > 0.98
    assert np.abs(restored - attributes[:40, 0]).mean() < 0.3


def test_the_kernel_distance_tells_one_distribution_from_another() -> None:
    generator = np.random.default_rng(0)
    one, same, other = (generator.normal(shift, 1, (200, 8)) for shift in (0, 0, 0.7))
    assert abs(kernel_distance(one, same)) < 0.2 * kernel_distance(one, other)


def test_blur_is_seen_in_the_texture() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (640, 512, 3)).astype(np.uint8)
    flat = np.full_like(picture, 128)
    assert texture_and_colour(picture)[11] > texture_and_colour(flat)[11] + 3
