from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from atelier_models import catalogue, parity
from atelier_sdk.errors import ModelUnusableError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atelier_models.backend.executor import Tensors
    from atelier_models.catalogue import Model
    from numpy.typing import NDArray

MODELS = catalogue.load().models


class Knowing:
    """Answers every picture with the known landmarks; `error` is added to the value at index `wrong_at`."""

    def __init__(self, model: Model, wrong_at: int = 0, error: float = 0.0) -> None:
        self.answers = {
            name: np.zeros(int(np.prod(border.shape)), np.float32) for name, border in model.outputs.items()
        }
        for landmark in parity.known_landmarks()[0]:
            if landmark.model == model.name:
                self.answers[landmark.output][landmark.at : landmark.at + len(landmark.values)] = landmark.values
        first = next(iter(model.outputs))
        self.answers[first][wrong_at] += error
        self.shapes = {name: border.shape for name, border in model.outputs.items()}

    def run(self, inputs: Mapping[str, NDArray[np.float32]]) -> Tensors:
        batch = len(next(iter(inputs.values())))
        return {name: np.stack([value.reshape(self.shapes[name])] * batch) for name, value in self.answers.items()}


@pytest.mark.parametrize("name", list(MODELS))
def test_every_model_has_known_landmarks_in_every_output(name: str) -> None:
    outputs = {landmark.output for landmark in parity.known_landmarks()[0] if landmark.model == name}
    assert outputs == set(MODELS[name].outputs)


@pytest.mark.parametrize("name", [name for name, model in MODELS.items() if len(model.inputs) == 1])
def test_the_portrait_fits_the_model(name: str) -> None:
    border = MODELS[name].inputs["image"]
    image = parity.portrait(MODELS[name])["image"]
    assert (image.shape, image.dtype) == ((1, *border.sample), np.dtype(np.float32))
    assert border.range[0] <= image.min() < image.mean() < image.max() <= border.range[1]


def test_an_executor_that_knows_the_landmarks_is_held_good() -> None:
    measured = parity.measure(MODELS["iris"], Path("x"), None, {"fake": Knowing(MODELS["iris"])})
    parity.hold(MODELS["iris"], measured)
    assert (measured["reference"], parity.largest(measured) < 1e-5) == ("known landmarks", True)  # float32 of decimals


def test_a_landmark_that_moved_is_refused_with_its_distance() -> None:
    model = MODELS["iris"]
    measured = parity.measure(model, Path("x"), None, {"fake": Knowing(model, wrong_at=0, error=0.5)})
    with pytest.raises(ModelUnusableError, match=r"iris on fake: eye differs by 0.5 \(known\), and 0.01 is accepted"):
        parity.hold(model, measured)


def test_a_difference_from_the_original_is_refused() -> None:
    model = MODELS["iris"]
    expected = Knowing(model).run(parity.pictures(model))
    measured = parity.measure(model, Path("x"), expected, {"fake": Knowing(model, wrong_at=200, error=0.002)})
    with pytest.raises(
        ModelUnusableError, match=r"eye differs by 0.002 \(original one by one\), and 0.001 is accepted"
    ):
        parity.hold(model, measured)


def test_what_was_measured_is_written_whole(tmp_path: Path) -> None:
    measured = parity.measure(MODELS["iris"], Path("x"), None, {"fake": Knowing(MODELS["iris"])})
    parity.write(measured, tmp_path, "parity.json")
    assert [path.name for path in tmp_path.iterdir()] == ["parity.json"]
