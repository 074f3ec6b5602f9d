"""The embedded generator's committed networks: whole, small, and answering as they did in PyTorch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from atelier_models import catalogue, downloads, parity, verification, worker_runs
from atelier_models.backend.executor import open_executor
from atelier_models.trial import largest_differences

if TYPE_CHECKING:
    from pathlib import Path

    from atelier_models.catalogue import Model

    from tests.deploy.models.conftest import Listener

DENOISER, REFINER = "portrait_denoiser", "portrait_refiner"


def test_all_committed_weights_together_are_small() -> None:
    committed = [source for source in catalogue.load().sources.values() if source.registry == "committed"]
    assert sum(source.size for source in committed) < 40_000_000


@pytest.mark.parametrize("name", [DENOISER, REFINER])
def test_a_network_answers_as_was_recorded(tmp_path: Path, listener: Listener, name: str) -> None:
    model, graph = extracted(name, tmp_path, listener)
    expected = verification.original_answers(model, graph, lambda: tmp_path)
    answers = open_executor("onnxruntime", graph, 2).run(parity.pictures(model))
    assert largest_differences(model, answers, expected)["residual"] < model.outputs["residual"].tolerance


def test_the_denoiser_leaves_hardly_anything_of_noise_on_an_even_picture(tmp_path: Path, listener: Listener) -> None:
    model, graph = extracted(DENOISER, tmp_path, listener)
    noise = 0.3 * np.random.default_rng(0).standard_normal((1, 192, 160, 3), np.float32)
    even = {each: np.zeros((1, *border.sample), np.float32) for each, border in model.inputs.items()}
    given = {**even, "noisy": noise, "sigma": np.full((1, 1), 0.3, np.float32)}
    assert open_executor("onnxruntime", graph, 2).run(given)["residual"].std() < 0.5 * noise.std()


def extracted(name: str, folder: Path, listener: Listener) -> tuple[Model, Path]:
    known = catalogue.load()
    model = known.models[name]
    graph = folder / "graph.onnx"
    worker_runs.extract(model, downloads.pull(known.sources[model.source], folder, listener), graph)
    return model, graph
