"""Detail drawn in by a network, where a picture lacks it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from atelier_edit.diffusion.families import families
from atelier_edit.enhance.measures import detail_energy
from atelier_edit.enhance.restoration import INSTRUCTION, restored
from atelier_imaging.measures import skin_delta_e
from atelier_imaging.picture import Picture
from atelier_imaging.region import Region
from atelier_sdk.errors import ModelNotInstalledError

from tests.services.edit.truth.sitters import analysed, models

if TYPE_CHECKING:
    from atelier_edit.enhance.restoration import Restored
    from atelier_imaging.portrait import Portrait
    from numpy.typing import NDArray


class KnowingEditor:
    """An editor that knows the sharp picture: it answers that, a little warmer and moved by a pixel."""

    def __init__(self, sharp: NDArray[np.uint8]) -> None:
        self.family = families()["flux2-klein-4b"]
        self.checkpoint = type("Known", (), {"version": "known"})()
        self.asked: list[str] = []
        self._sharp = sharp

    def size_for(self, width: int, height: int) -> tuple[int, int]:
        return width // 16 * 16, height // 16 * 16

    def edit(self, pixels: NDArray[np.uint8], instruction: str, **_: Any) -> NDArray[np.uint8]:
        self.asked.append(instruction)
        sharp = cv2.resize(self._sharp, pixels.shape[1::-1], interpolation=cv2.INTER_AREA)
        moved = cv2.warpAffine(sharp, np.array([[1.0, 0, 1], [0, 1, -1]]), pixels.shape[1::-1], borderMode=2)
        return np.asarray(np.clip(moved * (1.06, 1.0, 0.9), 0, 255), np.uint8)


@pytest.fixture(scope="module")
def blurred(astronaut: Portrait) -> Portrait:
    pixels = np.asarray(cv2.GaussianBlur(astronaut.picture.pixels, (0, 0), 4.0), np.uint8)
    return analysed(Picture.from_array(pixels), models())


def drawn(portrait: Portrait, editor: Any) -> Restored:
    return restored(portrait, portrait.faces[0], editor, models(), seed=1)


def test_a_blurred_face_gets_detail_and_keeps_its_colour(astronaut: Portrait, blurred: Portrait) -> None:
    editor = KnowingEditor(np.asarray(astronaut.picture.pixels, np.uint8))
    result, face = drawn(blurred, editor), blurred.faces[0]
    before, after, space = blurred.picture.pixels, result.portrait.picture.pixels, blurred.picture.space
    assert editor.asked == [INSTRUCTION]
    for region in (Region.EYES, Region.HAIR):
        assert (detail_energy(before, after, blurred.mask(region, face)) or 0) > 1.5
    skin = blurred.mask(Region.SKIN, face)
    assert (skin_delta_e(before, after, skin, space, face.interocular_pixels).value or 9) < 2.0
    assert np.array_equal(before[result.reach == 0], after[result.reach == 0])
    assert result.parameters["drawn_in"] > 0.8  # type: ignore[operator]
    assert "FLUX.2 klein 4B" in result.notes[0]


def test_into_a_sharp_face_nothing_is_drawn(astronaut: Portrait) -> None:
    editor = KnowingEditor(np.asarray(astronaut.picture.pixels, np.uint8))
    result = drawn(astronaut, editor)
    assert editor.asked == []
    assert result.portrait is astronaut
    assert "nothing was drawn in" in result.notes[0]


def test_without_a_network_the_command_that_installs_one_is_named(blurred: Portrait) -> None:
    with pytest.raises(ModelNotInstalledError, match="FAITHFUL") as refused:
        drawn(blurred, None)
    assert refused.value.metadata["command"] == "atelier models pull flux2-klein-4b"
