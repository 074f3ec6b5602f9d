"""A run in miniature: it goes on where it was broken off, and what it writes is what it learnt."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
import pytest

torch = pytest.importorskip("torch")
from atelier_training_base.export import INPUTS, Interleaved, example, write_onnx  # noqa: E402
from atelier_training_base.network import SIGMA_PASSED, Denoiser  # noqa: E402
from atelier_training_base.release import keep  # noqa: E402
from atelier_training_base.train import CHECKPOINT, Plan, Run, learning_rate  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

    from atelier_training_base.batches import Maker


def run(maker: Maker, work: Path, steps: int) -> Run:
    work.mkdir(exist_ok=True)
    made = Run(Plan(work, 1e9, threads=1, count=2, steps=steps), maker)
    made.train()
    return made


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


# PyTorch's exporter warns of its own parts, and that all inputs share one free axis.
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore:.*axis name:UserWarning")
def test_the_graph_answers_as_the_network_does(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = Denoiser()
    with torch.no_grad():
        for values in network.parameters():
            values.copy_((values + 0.02 * torch.randn_like(values)).half().float())
    write_onnx(network, tmp_path / "graph.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "graph.onnx"))
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


def test_a_run_begins_from_what_an_earlier_one_was_released_with(maker: Maker, tmp_path: Path) -> None:
    earlier = run(maker, tmp_path / "old", 2)
    keep(earlier.mean, tmp_path / "weights.npz")

    later = run(maker, tmp_path / "new", 1)
    later.start(tmp_path / "weights.npz")

    for name, values in earlier.mean.state_dict().items():
        assert torch.equal(values.half().float(), later.network.state_dict()[name]), name
