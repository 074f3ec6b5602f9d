"""The refiner in miniature: what it is shown, who judges it, and that it goes on where it was broken off."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from atelier_generate.base.attributes import ATTRIBUTES  # noqa: E402
from atelier_generate.base.drafting import OFF  # noqa: E402
from atelier_generate.base.knowledge import knowledge  # noqa: E402
from atelier_training_base import refine  # noqa: E402
from atelier_training_base.judges import Features, Pixels, Sight, held, lost  # noqa: E402
from atelier_training_base.network import GUIDE, Denoiser  # noqa: E402
from atelier_training_base.pairs import TOGETHER, PairMaker, Pairs, draw, together  # noqa: E402
from atelier_training_base.refine import Refining, falling  # noqa: E402
from atelier_training_base.release import guided  # noqa: E402
from atelier_training_base.runs import Plan  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

    from atelier_training_base.album import Album
    from atelier_training_base.batches import Maker


@pytest.fixture(scope="session")
def pairs(album: Album) -> Pairs:
    torch.manual_seed(0)
    network = guided(Denoiser().state_dict(), Denoiser(GUIDE).state_dict())
    return together(list(draw(network, album, knowledge(), 2 * TOGETHER, seed=0)))


def run(maker: Maker, pairs: Pairs, work: Path, steps: int) -> Refining:
    work.mkdir(exist_ok=True)
    torch.manual_seed(1)
    plan = Plan(work, 1e9, threads=1, count=2, steps=steps)
    made = Refining(plan, PairMaker(maker, pairs), Denoiser().state_dict(), Denoiser(GUIDE))
    made.train()
    return made


def test_pairs_are_drawn_as_far_off_as_the_service_draws_and_are_kept(pairs: Pairs, tmp_path: Path) -> None:
    assert pairs.drawn.shape == (2 * TOGETHER, 192, 160, 3)
    assert (pairs.attributes[:, -1] == np.float32(OFF)).all()
    pairs.write(tmp_path / "pairs.npz")
    again = Pairs.read(tmp_path / "pairs.npz")
    assert (again.drawn == pairs.drawn).all()
    assert (again.places == pairs.places).all()


def test_a_portrait_stands_beside_somebody_of_its_sitters_sex(pairs: Pairs, album: Album) -> None:
    place = ATTRIBUTES.index("womanhood")
    women = album.attributes[pairs.rows, place] > 0.5
    assert 0 < women.mean() < 1
    assert ((pairs.attributes[:, place] > 0.5) == women).all()


def test_a_batch_holds_the_photographs_and_what_was_drawn_beside_them(maker: Maker, pairs: Pairs) -> None:
    made = PairMaker(maker, pairs).batch(3, np.random.default_rng(0))
    base = torch.nn.functional.interpolate(made.low, scale_factor=2.0, mode="bilinear")
    drawn = ((base + made.drawn + 1) * 127.5).round().numpy().transpose(0, 2, 3, 1)
    for one, photograph in zip(drawn, made.photograph.numpy().transpose(0, 2, 3, 1), strict=True):
        (at,) = np.flatnonzero(np.abs(pairs.drawn - one).max(axis=(1, 2, 3)) <= 1)
        assert (maker.photograph(pairs.rows[at]) == photograph).all()


def test_a_pair_is_looked_at_alike() -> None:
    picture, places = torch.rand((2, 3, 192, 160)), torch.rand((2, 2, 48, 40))
    sight = Sight(Denoiser(GUIDE), picture.shape, "cpu", torch.Generator().manual_seed(0))
    first, second = (sight.look(picture, places) for _ in range(2))
    assert torch.equal(first.picture, second.picture)
    assert all(torch.equal(*each) for each in zip(first.features, second.features, strict=True))
    assert not torch.allclose(first.picture, picture, atol=0.05)


def test_judges_learn_to_tell_what_is_smooth_from_what_is_not() -> None:
    torch.manual_seed(0)
    judge = Pixels()
    optimiser = torch.optim.AdamW(judge.parameters(), 1e-3)
    for _ in range(12):
        grainy = 0.2 * torch.randn((4, 3, 48, 40))
        found = torch.stack(lost(judge(torch.nn.functional.avg_pool2d(grainy, 3, 1, 1)), judge(grainy))).sum()
        optimiser.zero_grad()
        found.backward()
        optimiser.step()
    assert float(found.detach()) < 3 * 0.5


def test_a_judge_that_is_held_hands_gradients_on_and_keeps_none() -> None:
    judge = Features()
    seen = [torch.randn((1, width, 6, 5), requires_grad=True) for width in GUIDE.widths]
    with held(judge):
        torch.stack([each.sum() for each in judge(seen)]).sum().backward()
    assert all(each.grad is not None for each in seen)
    assert all(weight.grad is None and weight.requires_grad for weight in judge.parameters())


def test_a_run_that_was_broken_off_ends_as_one_that_was_not(
    maker: Maker, pairs: Pairs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refine, "JUDGES_FIRST", 1)
    monkeypatch.setattr(refine, "falling", lambda _spent: 1.0)
    whole = run(maker, pairs, tmp_path / "whole", 3)
    run(maker, pairs, tmp_path / "parts", 2)
    parts = run(maker, pairs, tmp_path / "parts", 3)
    untrained = Denoiser().state_dict()
    for name, values in whole.network.state_dict().items():
        assert torch.equal(values, parts.network.state_dict()[name]), name
    assert any(not torch.equal(values, untrained[name]) for name, values in whole.network.state_dict().items())
    noted = json.loads((tmp_path / "whole" / "log.jsonl").read_text())
    assert {"step", "pixels", "features", "unlikeness", "judges"} <= noted.keys()


def test_judges_learn_alone_at_first(maker: Maker, pairs: Pairs, tmp_path: Path) -> None:
    torch.manual_seed(1)
    before = Denoiser().state_dict()
    after = run(maker, pairs, tmp_path, 1)
    assert all(torch.equal(values, before[name]) for name, values in after.network.state_dict().items())


def test_rates_fall_at_last() -> None:
    assert falling(0) == falling(0.5) == 1
    assert falling(1) == pytest.approx(0.05)
