"""Pipelines of six families, tiny and random, really run: drawn, repeated, stepped, stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from atelier_generate.backend import Drawn, Order, Step
from atelier_generate.brief import Frame
from atelier_imaging.picture import Picture
from atelier_sdk.errors import CancelledError, FieldOutOfRangeError

from tests.services.generate.diffusion.conftest import STEPS, NoModels, Painting, events, pictures, sketch, steps

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_generate.diffusion.backend import DiffusersBackend

    Make = Callable[..., DiffusersBackend]

KLEIN, SCHNELL, ZIMAGE, QWEN, SDXL = (
    "flux2-klein-4b",
    "flux1-schnell",
    "z-image-turbo",
    "qwen-image-edit-2509",
    "sdxl",
)
UNCONDITIONAL = "unconditional"
ALL = [KLEIN, SCHNELL, ZIMAGE, QWEN, SDXL, UNCONDITIONAL]
# transformers and diffusers warn of their own deprecations.
pytestmark = pytest.mark.filterwarnings("ignore")


def portrait(tone: int = 90) -> Picture:
    pixels = np.random.default_rng(tone).integers(0, 256, (96, 80, 3), np.uint8)
    return Picture.from_array(pixels)


def needed(name: str) -> dict[str, Any]:
    """What a family does not draw without."""
    return {"references": (portrait(),)} if name == QWEN else {}


@pytest.mark.parametrize("name", ALL)
def test_a_candidate_is_a_picture_of_its_frame_and_depends_on_its_own_seed_only(name: str, backend: Make) -> None:
    one = backend(name)
    told = events(one, sketch(1), sketch(2), sketch(3), **needed(name))
    first, second, third = pictures(told)
    assert (first.shape, first.dtype.name) == ((64, 48, 3), "float32")
    assert 0 <= first.min() < first.max() <= 1
    assert steps(told) == [(step + 1, 3 * STEPS) for step in range(3 * STEPS)]
    assert not np.array_equal(first, second)
    assert np.array_equal(pictures(events(one, sketch(2), **needed(name)))[0], second)
    assert np.array_equal(pictures(events(one, sketch(3), sketch(1), **needed(name)))[0], third)


@pytest.mark.parametrize("name", [KLEIN, SDXL])
def test_another_process_would_draw_the_same(name: str, backend: Make) -> None:
    """A backend that was just made stands for another process: it has loaded everything anew."""
    assert np.array_equal(pictures(events(backend(name)))[0], pictures(events(backend(name)))[0])


@pytest.mark.parametrize("name", [KLEIN, SCHNELL, ZIMAGE, SDXL])
def test_words_matter(name: str, backend: Make) -> None:
    one = backend(name, steps=1)
    calm, joyful = (pictures(events(one, sketch(prompt=words)))[0] for words in ("calm", "joyful"))
    assert not np.array_equal(calm, joyful)


def test_words_that_are_not_to_be_seen_matter_where_they_are_read(backend: Make) -> None:
    one = backend(SDXL, steps=1)
    waxy, shiny = (pictures(events(one, sketch(negative=words)))[0] for words in ("waxy", "shiny"))
    assert not np.array_equal(waxy, shiny)
    told = events(backend(SCHNELL, steps=1), sketch(negative="waxy"))
    assert next(event for event in told if isinstance(event, Drawn)).notes == (
        "FLUX.1 schnell reads no negative prompt.",
    )


def test_the_person_that_is_shown_matters(backend: Make) -> None:
    one = backend(KLEIN, steps=1)
    alone, shown, other = (
        pictures(events(one, references=references))[0] for references in ((), (portrait(),), (portrait(7),))
    )
    assert one.takes_references
    assert not np.array_equal(alone, shown)
    assert not np.array_equal(shown, other)


def test_more_references_than_a_network_takes_are_told(backend: Make) -> None:
    told = events(backend(QWEN, steps=1), references=(portrait(),) * 5)
    notes = next(event for event in told if isinstance(event, Drawn)).notes
    assert "Qwen-Image-Edit-2509 was shown the first 3 of 5 references." in notes


def test_a_network_that_only_edits_is_not_called_without_a_picture(backend: Make) -> None:
    with pytest.raises(FieldOutOfRangeError, match="draws from portraits of a person"):
        events(backend(QWEN))


@pytest.mark.parametrize("name", [SCHNELL, SDXL, ZIMAGE])
def test_image_to_image_begins_from_the_base_and_makes_its_share_of_the_steps(name: str, backend: Make) -> None:
    told = events(backend(name, Painting(0.2), steps=5, strength=0.6))
    drawn = next(event for event in told if isinstance(event, Drawn))
    assert steps(told) == [(1, 3), (2, 3), (3, 3)]
    assert (drawn.notes[0], drawn.chosen) == ("Painted.", {"pose": "even"})
    light = pictures(events(backend(name, Painting(0.9), steps=5, strength=0.6)))[0]
    assert not np.array_equal(drawn.pixels, light)
    plain = pictures(events(backend(name, steps=5)))[0]
    assert not np.array_equal(drawn.pixels, plain)


def test_even_a_small_strength_makes_a_step(backend: Make) -> None:
    assert steps(events(backend(SCHNELL, Painting(), steps=4, strength=0.05))) == [(1, 1)]


def test_a_network_without_image_to_image_is_shown_the_base(backend: Make) -> None:
    square = sketch(frame=Frame(64, 64))  # the least that the pipeline looks at
    dark, light = (pictures(events(backend(KLEIN, Painting(tone), steps=1), square))[0] for tone in (0.1, 0.9))
    assert not np.array_equal(dark, light)


@pytest.mark.parametrize("name", ALL)
def test_a_call_that_is_cancelled_in_a_step_makes_no_further_one(name: str, backend: Make) -> None:
    one = backend(name, steps=6)
    with counting(one) as runs:

        def check() -> None:
            if runs:
                raise CancelledError("The caller cancelled.")

        with pytest.raises(CancelledError):
            events(one, check=check, **needed(name))
        # Guidance by a true negative prompt runs the network twice a step.
        assert len(runs) == (2 if name == QWEN else 1)
    assert len(pictures(events(one, **needed(name)))) == 1


@pytest.mark.parametrize("name", [KLEIN, UNCONDITIONAL])
def test_work_stops_within_one_step_when_nobody_listens(name: str, backend: Make) -> None:
    one = backend(name, steps=50)
    with counting(one) as forwards:
        drawing = one.draw(Order((sketch(),)), NoModels(), lambda: None)
        assert isinstance(next(drawing), Step)
        before = len(forwards)
        drawing.close()  # type: ignore[attr-defined]
        assert len(forwards) - before <= 1
        assert not one._studio.bench.is_busy


def test_a_large_frame_is_drawn_small_and_enlarged_and_told(backend: Make) -> None:
    told = events(backend(SDXL, steps=1), sketch(frame=Frame(192, 240)))
    drawn = next(event for event in told if isinstance(event, Drawn))
    assert drawn.pixels.shape == (240, 192, 3)
    assert drawn.notes[0].startswith("It was drawn at 56 × 72 pixels and enlarged to 192 × 240")


def test_the_record_names_the_checkpoint_once_it_is_loaded(backend: Make) -> None:
    one = backend(SCHNELL, Painting(), steps=1)
    before = dict(one.made_of)
    events(one)
    after = dict(one.made_of)
    assert "checkpoint_sha256" not in before
    assert len(str(after["checkpoint_sha256"])) == 64
    assert (after["family"], after["licence"], after["precision"]) == (SCHNELL, "Apache-2.0", "float32")
    assert after["arguments"] == {"guidance_scale": 0.0, "max_sequence_length": 256}
    assert after["base"] == {"name": "painting", "strength": 0.6, "edition": "first"}


class counting:  # noqa: N801 (used as a function)
    """Count the runs of a backend's denoiser, which is loaded first."""

    def __init__(self, backend: DiffusersBackend) -> None:
        loaded = backend._studio.bench._thread.submit(backend._studio._opened).result()
        self._module = getattr(loaded.pipeline, "transformer", None) or loaded.pipeline.unet
        self._runs: list[int] = []

    def __enter__(self) -> list[int]:
        self._hook = self._module.register_forward_hook(lambda *_: self._runs.append(1))
        return self._runs

    def __exit__(self, *_: object) -> None:
        self._hook.remove()
