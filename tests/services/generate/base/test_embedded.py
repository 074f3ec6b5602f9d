"""The backend keeps the contract of whoever draws; the networks are replaced by ones that add nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from atelier_generate.backend import Drawn, Order, Preview, Sketch, Step
from atelier_generate.base.drafting import drafted
from atelier_generate.base.embedded import DENOISER, REFINER, EmbeddedBackend, developed
from atelier_generate.base.finish import FACTOR, UPSCALER
from atelier_generate.base.sampler import STEPS
from atelier_generate.brief import Brief, Frame, Sitter
from atelier_imaging.models import FACE_DETECTOR, PERSON_SEGMENTER
from atelier_sdk.errors import CancelledError, ModelUnusableError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atelier_generate.backend import Event

SMALL = Brief(frame=Frame(160, 200))


class Still:
    """Networks that find no residual, no detail and no face, but a person in the middle."""

    def __init__(self, residual: float = 0.0, refined: float = 0.0) -> None:
        self.residuals = {DENOISER: residual, REFINER: refined}
        self.calls: list[str] = []

    def infer(self, model: str, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        self.calls.append(model)
        if model in self.residuals:
            return {"residual": np.full_like(inputs["noisy"], self.residuals[model])}
        if model == PERSON_SEGMENTER:
            mask = np.zeros((len(inputs["image"]), 256, 256, 1), np.float32)
            mask[:, 40:, 60:200] = 1
            return {"mask": mask}
        if model == FACE_DETECTOR:
            count = len(inputs["image"])
            return {
                "boxes": np.zeros((count, 896, 16), np.float32),
                "scores": np.full((count, 896, 1), -100, np.float32),
            }
        assert model == UPSCALER
        count, height, width, _ = inputs["image"].shape
        return {"detail": np.zeros((count, FACTOR * height, FACTOR * width, 3), np.float32)}


def drawn(*sketches: Sketch) -> list[np.ndarray]:
    events = EmbeddedBackend().draw(Order(sketches), Still(), lambda: None)
    return [event.pixels for event in events if isinstance(event, Drawn)]


def test_a_sketch_is_drawn_alike_whatever_else_is_ordered() -> None:
    one, two = Sketch(1, SMALL), Sketch(2, SMALL)
    (alone,) = drawn(two)
    _, together = drawn(one, two)
    assert (alone == together).all()


def test_seeds_draw_different_sitters() -> None:
    one, two = drawn(Sketch(1, SMALL), Sketch(2, SMALL))
    assert np.abs(one - two).mean() > 0.03


@pytest.mark.parametrize("frame", [Frame(160, 200), Frame(200, 200), Frame(320, 180), Frame(90, 160, "close-up")])
def test_a_candidate_has_the_size_and_range_asked_for(frame: Frame) -> None:
    (pixels,) = drawn(Sketch(3, Brief(frame=frame)))
    assert pixels.shape == (frame.height, frame.width, 3)
    assert pixels.dtype == np.float32
    assert 0 <= pixels.min() < pixels.max() <= 1


def test_the_backdrop_gets_the_colour_that_was_asked_for() -> None:
    colour = (0.6, 0.5, 0.3)
    (pixels,) = drawn(Sketch(3, Brief(frame=Frame(160, 200), background=colour)))
    # The backdrop keeps its modelling: only its mean is the colour.
    sides = np.concatenate([pixels[:, :30], pixels[:, 130:]], axis=1)
    assert np.sqrt((sides**2).mean(axis=(0, 1))) == pytest.approx(colour, abs=0.08)


def test_work_stops_between_two_steps() -> None:
    models = Still()

    def over() -> None:
        if len(models.calls) == 3:
            raise CancelledError("The call is over.")

    with pytest.raises(CancelledError):
        list(EmbeddedBackend().draw(Order((Sketch(1, SMALL),)), models, over))
    assert models.calls == [DENOISER] * 3


def test_steps_count_up_to_their_total_and_previews_come_when_asked() -> None:
    events: list[Event] = list(
        EmbeddedBackend().draw(Order((Sketch(1, SMALL), Sketch(2, SMALL)), previews=True), Still(), lambda: None)
    )
    steps = [event for event in events if isinstance(event, Step)]
    each = STEPS + 2  # the refiner's and the finish
    assert [step.done for step in steps] == list(range(1, 2 * each + 1))
    assert {step.total for step in steps} == {2 * each}
    previews = [event for event in events if isinstance(event, Preview)]
    assert {preview.candidate for preview in previews} == {0, 1}
    assert previews[0].pixels.dtype == np.uint8


def test_what_was_not_honoured_is_said_with_the_candidate() -> None:
    brief = Brief(Sitter(age_years=19), frame=Frame(160, 200, "three-quarter"))
    events = EmbeddedBackend().draw(Order((Sketch(1, brief),)), Still(), lambda: None)
    (candidate,) = [event for event in events if isinstance(event, Drawn)]
    assert len(candidate.notes) == 2


def test_the_refiner_has_the_last_word() -> None:
    made = drafted(Sketch(1, SMALL))
    *guesses, refined = developed(made, Still(residual=0.1, refined=0.3))
    assert len(guesses) == STEPS
    assert guesses[-1] - made.condition.base() == pytest.approx(0.1, abs=1e-6)
    assert refined - made.condition.base() == pytest.approx(0.3, abs=1e-6)


@pytest.mark.parametrize(
    ("models", "broken"), [(Still(float("nan")), DENOISER), (Still(refined=float("nan")), REFINER)]
)
def test_the_canary_tells_a_broken_network(models: Still, broken: str) -> None:
    EmbeddedBackend().canary(Still())
    with pytest.raises(ModelUnusableError) as raised:
        EmbeddedBackend().canary(models)
    assert raised.value.metadata["model"] == broken


def test_the_population_is_in_the_record() -> None:
    digest = EmbeddedBackend().made_of["population_sha256"]
    assert isinstance(digest, str)
    assert len(digest) == 64
