"""A whole run in miniature."""

from __future__ import annotations

import itertools
import json
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from atelier_training_upscale import train as training  # noqa: E402 - only where PyTorch is
from atelier_training_upscale.card import Story, card  # noqa: E402
from atelier_training_upscale.schedule import PEAK, learning_rate  # noqa: E402
from atelier_training_upscale.student import Student  # noqa: E402
from atelier_training_upscale.train import CHECKPOINT, Plan, train  # noqa: E402
from PIL import Image  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def portraits(tmp_path: Path, face: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a few portraits of 144 x 144, batches of two, and a clock that only looking at moves."""
    monkeypatch.setattr(training, "COUNT", 2)
    looks = itertools.count()
    monkeypatch.setattr(training, "time", SimpleNamespace(monotonic=lambda: 0.2 * next(looks)))
    folder = tmp_path / "portraits"
    folder.mkdir()
    for number in range(12):
        Image.fromarray(np.roll(np.pad(face, ((8, 8), (8, 8), (0, 0)), "edge"), number, 1)).save(
            folder / f"{number}.png"
        )
    return folder


def plan(portraits: Path, work: Path, seconds: float) -> Plan:
    work.mkdir(exist_ok=True)
    return Plan(portraits, work, seconds, threads=1, compiled=False)


def test_a_run_ends_with_a_network_for_each_purpose_and_a_line_of_its_log(portraits: Path, tmp_path: Path) -> None:
    students = train(plan(portraits, tmp_path / "work", 20), lambda _spent, _figures: None)
    assert set(students) == {"faithful", "restore"}
    last = json.loads((tmp_path / "work" / "log.jsonl").read_text().splitlines()[-1])
    assert {"step", "seconds", "gain faithful x4", "gain restore x2"} <= last.keys()


def test_a_run_goes_on_where_it_was_broken_off(portraits: Path, tmp_path: Path) -> None:
    train(plan(portraits, tmp_path / "work", 10), lambda _spent, _figures: None)
    before = torch.load(tmp_path / "work" / CHECKPOINT, weights_only=True)
    shares: list[float] = []
    train(plan(portraits, tmp_path / "work", 20), lambda spent, _figures: shares.append(spent))
    after = torch.load(tmp_path / "work" / CHECKPOINT, weights_only=True)
    assert min(shares) >= 0.5
    assert after["step"] == before["step"] + len(shares)


def test_a_run_whose_time_is_over_changes_nothing(portraits: Path, tmp_path: Path) -> None:
    train(plan(portraits, tmp_path / "work", 10), lambda _spent, _figures: None)
    before = torch.load(tmp_path / "work" / CHECKPOINT, weights_only=True)
    train(plan(portraits, tmp_path / "work", 10), lambda _spent, _figures: None)
    after = torch.load(tmp_path / "work" / CHECKPOINT, weights_only=True)
    assert after["step"] == before["step"]


def test_learning_makes_the_loss_smaller() -> None:
    torch.manual_seed(0)
    student = Student("faithful", torch.device("cpu"), compiled=False)
    large = torch.rand(2, 3, 32, 32).round()
    small = torch.nn.functional.avg_pool2d(large, 4)
    costs = [student.learn(small, large, 4, 1e-3) for _ in range(30)]
    assert costs[-1] < 0.95 * costs[0]


def test_the_rate_rises_briefly_and_ends_near_nothing() -> None:
    rates = [learning_rate(spent / 100) for spent in range(101)]
    assert max(rates) == pytest.approx(PEAK, rel=0.01)
    assert rates.index(max(rates)) <= 2
    assert rates[-1] < PEAK / 100
    assert rates[2:] == sorted(rates[2:], reverse=True)


def test_the_card_holds_every_figure() -> None:
    figures = {"clean x4": {"bicubic": {"psnr_y": 30.123}, "faithful": {"psnr_y": 32.456}}}
    text = card(Story(1234, 600, 2), figures)
    for said in ("1,234 steps", "10 minutes", "| bicubic | 30.12 |", "| faithful | 32.46 |", "### Clean x4"):
        assert said in text
