"""A run in miniature: it goes on where it was broken off, and what it writes is what it learnt."""

from __future__ import annotations

import json
import warnings
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
import pytest

torch = pytest.importorskip("torch")
from atelier_training_base.export import INPUTS, Interleaved, example  # noqa: E402
from atelier_training_base.network import FURTHER, GUIDE, SIGMA_PASSED, Denoiser  # noqa: E402
from atelier_training_base.release import ARCHIVE, DENOISER, REFINER, guided, learnt, release, released  # noqa: E402
from atelier_training_base.runs import CHECKPOINT, Plan  # noqa: E402
from atelier_training_base.train import Denoising, learning_rate  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

    from atelier_training_base.batches import Maker
    from torch import Tensor


def run(maker: Maker, work: Path, steps: int) -> Denoising:
    work.mkdir(exist_ok=True)
    made = Denoising(Plan(work, 1e9, threads=1, count=2, steps=steps), maker, GUIDE)
    made.train()
    return made


def unlike(network: Denoiser) -> dict[str, Tensor]:
    """Return weights that answer something, in half precision."""
    return {name: (each + 0.02 * torch.randn_like(each)).half().float() for name, each in network.state_dict().items()}


Parts = dict[str, dict[str, "Tensor"]]


@pytest.fixture(scope="module")
def parts() -> Parts:
    torch.manual_seed(0)
    return {"network": unlike(Denoiser()), "guide": unlike(Denoiser(GUIDE)), "refiner": unlike(Denoiser())}


@pytest.fixture(scope="module")
def archive(parts: Parts, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("released")
    with warnings.catch_warnings():
        # PyTorch's exporter warns of its own parts, and that all inputs share one free axis.
        warnings.simplefilter("ignore", FutureWarning)
        warnings.filterwarnings("ignore", ".*axis name", UserWarning)
        given = {name: each.numpy() for name, each in example(1).items()}
        refiner = released(parts["refiner"])
        release(guided(parts["network"], parts["guide"]), refiner, dict.fromkeys((DENOISER, REFINER), given), folder)
    return folder / ARCHIVE


def test_a_run_that_was_broken_off_ends_as_one_that_was_not(
    maker: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("atelier_training_base.train.learning_rate", lambda _step, _spent: 1e-3)
    whole = run(maker, tmp_path / "whole", 4)
    run(maker, tmp_path / "parts", 2)
    parts = run(maker, tmp_path / "parts", 4)
    assert parts.step_number == 4
    for name, values in whole.network.state_dict().items():
        assert torch.equal(values, parts.network.state_dict()[name]), name


def test_a_run_leaves_a_checkpoint_and_a_line_of_its_log(maker: Maker, tmp_path: Path) -> None:
    run(maker, tmp_path, 1)
    assert (tmp_path / CHECKPOINT).is_file()
    assert {"step", "seconds", "loss"} <= json.loads((tmp_path / "log.jsonl").read_text()).keys()


def test_an_untrained_network_answers_with_its_prior() -> None:
    """Its last layer is silent, so what is left is the share of the input that is passed on."""
    given = example(1)
    answer = Interleaved(Denoiser())(*(given[name] for name in INPUTS))
    share = SIGMA_PASSED**2 / (SIGMA_PASSED**2 + float(given["sigma"]) ** 2)
    assert torch.allclose(answer, given["noisy"] * share, atol=1e-5)


def test_where_both_networks_differ_the_better_one_is_led_further(
    parts: Parts,
) -> None:
    made = guided(parts["network"], parts["guide"])
    given = [each.permute(0, 3, 1, 2) if each.ndim == 4 else each[:, 0] for each in example(1).values()]
    given[-1] = example(1)["attributes"]
    with torch.no_grad():
        better, worse, found = (network(*given) for network in (made.network, made.guide, made))
    assert torch.allclose(found - better, FURTHER * (better - worse), atol=1e-6)


@pytest.mark.parametrize("graph", [DENOISER, REFINER])
def test_a_graph_answers_as_its_network_does(archive: Path, parts: Parts, graph: str) -> None:
    network = guided(parts["network"], parts["guide"]) if graph == DENOISER else released(parts["refiner"])
    with zipfile.ZipFile(archive) as members:
        session = onnxruntime.InferenceSession(members.read(graph))
    for count in (1, 3):
        given = example(count, seed=count)
        with torch.no_grad():
            expected = Interleaved(network)(*(given[name] for name in INPUTS)).numpy()
        (found,) = session.run(None, {name: values.numpy() for name, values in given.items()})
        assert np.abs(found - expected).max() < 1e-4


def test_the_rate_rises_stays_and_falls() -> None:
    rates = [learning_rate(10_000, spent) for spent in (0.1, 0.5, 0.85, 1.0)]
    assert learning_rate(0, 0) < rates[0] / 50
    assert rates[0] == rates[1] > rates[2] > rates[3]


def test_batches_are_the_same_for_the_same_step(maker: Maker) -> None:
    first, second = (maker.batch(2, np.random.default_rng((0, 7))) for _ in range(2))
    assert torch.equal(first.residual, second.residual)
    assert torch.equal(first.low, second.low)


def test_a_run_begins_from_what_an_earlier_one_was_released_with(
    maker: Maker, tmp_path: Path, archive: Path, parts: Parts
) -> None:
    for part, weights in parts.items():
        found = learnt(archive, part)
        assert found.keys() == weights.keys()
        assert all(torch.equal(values, weights[name]) for name, values in found.items())

    later = run(maker, tmp_path, 1)
    later.start(learnt(archive, "guide"))
    assert all(torch.equal(values, parts["guide"][name]) for name, values in later.network.state_dict().items())
