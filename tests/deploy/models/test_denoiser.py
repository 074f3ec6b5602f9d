"""The embedded generator's committed network: whole, small, and answering as it did in PyTorch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from atelier_models import catalogue, downloads, parity, verification, worker_runs
from atelier_models.backend.executor import open_executor
from atelier_models.trial import largest_differences

if TYPE_CHECKING:
    from pathlib import Path

    from tests.deploy.models.conftest import Listener

NAME = "portrait_denoiser"


def test_all_committed_weights_together_are_small() -> None:
    committed = [source for source in catalogue.load().sources.values() if source.registry == "committed"]
    assert sum(source.size for source in committed) < 40_000_000


def test_the_network_answers_as_was_recorded_and_takes_noise_away(tmp_path: Path, listener: Listener) -> None:
    known = catalogue.load()
    model = known.models[NAME]
    archive = downloads.pull(known.sources[model.source], tmp_path, listener)
    graph = tmp_path / "graph.onnx"
    worker_runs.extract(model, archive, graph)
    given = parity.pictures(model)
    executor = open_executor("onnxruntime", graph, 2)
    expected = verification.original_answers(model, graph, lambda: tmp_path)
    difference = largest_differences(model, executor.run(given), expected)["residual"]
    assert difference < model.outputs["residual"].tolerance
    # Of pure noise on an even picture hardly anything is left.
    noise = 0.3 * np.random.default_rng(0).standard_normal((1, 192, 160, 3), np.float32)
    even = {name: np.zeros((1, *border.sample), np.float32) for name, border in model.inputs.items()}
    left = executor.run({**even, "noisy": noise, "sigma": np.full((1, 1), 0.3, np.float32)})["residual"]
    assert left.std() < 0.5 * noise.std()
