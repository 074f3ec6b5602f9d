from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
from atelier_training_upscale.network import Upscaler, parameters_used  # noqa: E402 - only where PyTorch is


@pytest.mark.parametrize("scale", [2, 4])
def test_the_detail_is_as_large_as_the_enlargement(scale: int) -> None:
    assert Upscaler()(torch.zeros(2, 3, 10, 7), scale).shape == (2, 3, 10 * scale, 7 * scale)


def test_a_scale_needs_no_more_than_a_quarter_of_a_million_numbers() -> None:
    assert [parameters_used(Upscaler(), scale) for scale in (2, 4)] == [214_380, 229_968]


def test_without_detail_the_enlargement_is_bicubic() -> None:
    network = Upscaler()
    for head in network.heads.values():
        torch.nn.init.zeros_(head.weight)
    image = torch.rand(1, 3, 12, 12)
    wanted = torch.nn.functional.interpolate(image, scale_factor=4, mode="bicubic", antialias=True)
    assert torch.equal(network.enlarge(image, 4), wanted)


def test_it_sees_twelve_pixels_and_no_further() -> None:
    network, image = Upscaler(), torch.rand(1, 3, 40, 40)
    other = image.clone()
    other[..., 30:] = 0
    with torch.no_grad():
        before, after = network(image, 2), network(other, 2)
    assert torch.equal(before[..., : 2 * (30 - 12)], after[..., : 2 * (30 - 12)])
    assert not torch.equal(before, after)
