"""A network's relighting, carried over to the portrait and held to its gates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
import skimage.data
from atelier_edit.diffusion.families import families
from atelier_edit.diffusion.relighting import redraw
from atelier_edit.diffusion.settings import DiffusionSettings
from atelier_edit.relight_plan import RelightAsk, plan_relight
from atelier_imaging.color import decode_transfer, encode_transfer, quantise
from atelier_imaging.graft import Policy
from atelier_imaging.picture import Picture
from atelier_imaging.portrait import Portrait
from atelier_imaging.region import Region
from atelier_models.home import default_home
from atelier_sdk.errors import GateBrokenError

from tests.services.edit.truth.sitters import models as installed_models

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_edit.diffusion.editor import Editor
    from atelier_imaging.models import ModelRunner
    from numpy.typing import NDArray

pytestmark = pytest.mark.filterwarnings("ignore:::transformers", "ignore:::diffusers")


@pytest.fixture(scope="module")
def models() -> ModelRunner:
    if not (default_home() / "models" / "face_mesh" / "1" / "model.onnx").exists():
        pytest.skip("models are not installed; run `atelier models convert`")
    return installed_models()


@pytest.fixture(scope="module")
def portrait(models: ModelRunner) -> Portrait:
    return Portrait(Picture.from_array(np.ascontiguousarray(skimage.data.astronaut()[:320, 80:400])), models)


class PaintingEditor:
    """An editor that needs no network: it answers what a function makes of the picture it is shown."""

    def __init__(self, paint: Callable[[NDArray[np.uint8]], NDArray[np.uint8]]) -> None:
        self.settings, self.family = DiffusionSettings(backend="flux2-klein-4b"), families()["flux2-klein-4b"]
        self.checkpoint = type("Painted", (), {"version": "painted"})()
        self.instructions: list[str] = []
        self._paint = paint

    def size_for(self, width: int, height: int) -> tuple[int, int]:
        return width // 16 * 16, height // 16 * 16

    def edit(self, pixels: NDArray[np.uint8], instruction: str, **_: Any) -> NDArray[np.uint8]:
        self.instructions.append(instruction)
        return self._paint(pixels)


def lit_from_the_right(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Light that falls off to the picture's left, skin smeared, all moved by three pixels, and a yellow cast."""
    ramp = 2 ** np.linspace(-1.2, 0.4, pixels.shape[1], dtype=np.float32)[None, :, None]
    light = decode_transfer(pixels) * ramp * np.array([1.1, 1.0, 0.8], np.float32)
    smeared = cv2.GaussianBlur(light, (0, 0), 1.3)
    moved = cv2.warpAffine(
        smeared, np.array([[1.0, 0, 3], [0, 1, -2]]), pixels.shape[1::-1], borderMode=cv2.BORDER_REFLECT
    )
    return quantise(encode_transfer(np.clip(moved, 0, 1)), np.uint8)


def relit(portrait: Portrait, editor: Any, models: ModelRunner, ask: RelightAsk, **rest: Any) -> Any:
    face = portrait.select()
    return redraw(ask, plan_relight(ask, portrait, face), portrait, face, editor, models, seed=1, **rest)


def sides(portrait: Portrait, pixels: NDArray[np.uint8]) -> float:
    """How much more light the subject's left cheek, the picture's right, has than the other."""
    light = decode_transfer(pixels).mean(axis=2)
    left, right = (
        np.average(light, weights=portrait.mask(region, portrait.select()))
        for region in (Region.LEFT_CHEEK, Region.RIGHT_CHEEK)
    )
    return float(left / right)


def test_of_a_networks_answer_the_light_is_taken_and_nothing_else(portrait: Portrait, models: ModelRunner) -> None:
    editor = PaintingEditor(lit_from_the_right)
    result = relit(portrait, editor, models, RelightAsk(pattern="rembrandt"))
    before = np.asarray(portrait.picture.pixels, np.uint8)
    assert sides(portrait, result.picture.pixels) > 1.2 * sides(portrait, before)
    outside = portrait.mask(Region.PERSON) == 0
    assert np.array_equal(result.picture.pixels[outside], before[outside])
    assert result.parameters["gated_strength"] == 1.0
    assert result.parameters["registration"]["shift_pixels"] == pytest.approx(np.hypot(3, 2), abs=0.5)
    assert editor.instructions[0].startswith("Relight this portrait photograph. Classic Rembrandt lighting")
    assert result.parameters["instruction"] == editor.instructions[0]
    assert result.parameters["licence"] == "Apache-2.0"
    assert result.notes == ()


def test_strength_lessens_the_light(portrait: Portrait, models: ModelRunner) -> None:
    before = np.asarray(portrait.picture.pixels, np.uint8)
    changes = []
    for strength in (0.0, 0.5, 1.0):
        ask = RelightAsk(pattern="rembrandt", strength=strength)
        pixels = relit(portrait, PaintingEditor(lit_from_the_right), models, ask).picture.pixels
        changes.append(float(np.abs(pixels.astype(int) - before).mean()))
    assert changes[0] == 0
    assert 0 < changes[1] < changes[2]


def striped(pixels: NDArray[np.uint8], depth: float = 0.8) -> NDArray[np.uint8]:
    """Stripes all over, as of a network that failed."""
    stripes = 1 + depth * np.sin(np.arange(pixels.shape[1]) * 2 * np.pi / 9)[None, :, None]
    return np.asarray(np.clip(pixels * stripes, 0, 255), np.uint8)


@pytest.fixture(scope="module")
def large(models: ModelRunner) -> Portrait:
    """The astronaut's head, enlarged: a face that has texture to be measured."""
    crop = cv2.resize(skimage.data.astronaut()[0:256, 96:352], (640, 640), interpolation=cv2.INTER_CUBIC)
    return Portrait(Picture.from_array(np.asarray(crop, np.uint8)), models)


def test_an_answer_that_spoils_the_skin_is_refused(large: Portrait, models: ModelRunner) -> None:
    ask = RelightAsk(pattern="rembrandt", preserve_detail=0.0)
    with pytest.raises(GateBrokenError, match="texture_ratio"):
        relit(large, PaintingEditor(striped), models, ask, policy=Policy.FAIL)


def test_or_lessened_until_the_skin_passes(large: Portrait, models: ModelRunner) -> None:
    ask = RelightAsk(pattern="rembrandt", preserve_detail=0.0)
    result = relit(large, PaintingEditor(lambda pixels: striped(pixels, 0.07)), models, ask)
    assert 0.4 <= result.parameters["gated_strength"] < 1
    assert "broke a gate at full strength" in result.notes[0]


@pytest.mark.parametrize("name", ["flux2-klein-4b", "qwen-image-edit-2509"])
@pytest.mark.filterwarnings("ignore")
def test_both_families_run_through_it(
    name: str, editor: Callable[[str], Editor], portrait: Portrait, models: ModelRunner
) -> None:
    from dataclasses import replace

    one = editor(name)
    one.family = replace(one.family, steps=2)
    before = np.asarray(portrait.picture.pixels, np.uint8)
    result = relit(portrait, one, models, RelightAsk(pattern="rembrandt"))
    outside = portrait.mask(Region.PERSON) == 0
    assert np.array_equal(result.picture.pixels[outside], before[outside])
    assert not np.array_equal(result.picture.pixels, before)
    assert (result.parameters["backend"], result.parameters["checkpoint"]) == (name, name)
