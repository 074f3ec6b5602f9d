"""How networks are chosen and called."""

from __future__ import annotations

import numpy as np
import pytest
from atelier_sdk.errors import ModelNotInstalledError, ModelUnusableError
from atelier_service.models.fake import FakeModels
from atelier_upscale.networks import draw, foreign_network, own_networks
from atelier_upscale.resample import resized

from tests.services.upscale.networks import repeating, sharpening


@pytest.mark.parametrize(("ratio", "factor"), [(1.0, 2), (2.0, 2), (2.01, 4), (4.0, 4)])
def test_the_smallest_network_that_reaches_is_taken(ratio: float, factor: int) -> None:
    assert own_networks(ratio).factor == factor


def test_detail_is_added_to_the_bicubic_enlargement() -> None:
    batch = np.random.default_rng(6).random((2, 10, 12, 3), np.float32)
    drawn = draw(FakeModels({"ours": sharpening(2, amount=0.0)}), "ours", batch)
    assert drawn[1] == pytest.approx(resized(batch[1], 20, 24), abs=1e-6)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_the_factor_of_a_foreign_network_is_seen_by_what_it_makes(factor: int) -> None:
    networks = foreign_network("foreign", FakeModels({"foreign": repeating(factor)}))
    assert (networks.faithful, networks.restore, networks.factor) == ("foreign", "foreign", factor)


def test_a_network_that_does_not_enlarge_is_refused() -> None:
    with pytest.raises(ModelUnusableError, match="32 x 32 of 32 x 32"):
        foreign_network("same", FakeModels({"same": repeating(1)}))


def test_a_network_that_is_not_installed_is_refused_with_the_command() -> None:
    with pytest.raises(ModelNotInstalledError) as caught:
        foreign_network("absent", FakeModels({}))
    assert caught.value.metadata["command"] == "atelier models adopt absent FILE.onnx --license SPDX"
