"""What is measured of an enlargement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from atelier_imaging.measures import Measure, Verdict
from atelier_service.models.fake import FakeModels
from atelier_upscale.measures import measure
from atelier_upscale.overshoot import overshoot
from atelier_upscale.plan import Ask, plan_upscaling
from atelier_upscale.size import SizeAsk

from tests.services.upscale.pictures import astronaut, bicubic
from tests.services.upscale.portraits import Known

if TYPE_CHECKING:
    from numpy.typing import NDArray


def measured(
    enlarged: NDArray[np.uint8], *, interocular: float = 60.0, fidelity: float = 1.0, denoise: float = 0.0
) -> dict[str, Measure]:
    portrait = Known(astronaut(128, 128), interocular=interocular)
    ask = Ask(size=SizeAsk(scale=4.0), fidelity=fidelity, denoise=denoise)
    plan = plan_upscaling(portrait, ask, FakeModels({}))
    taken = measure(portrait, Known(enlarged, by=4.0), plan, portrait.faces[0])
    return {each.name: each for each in taken}


def test_an_interpolated_picture_passes_and_has_the_texture_of_one() -> None:
    taken = measured(bicubic(astronaut(128, 128), 512, 512))
    # Interpolation loses what lies just below the highest frequency: some 38 dB on this picture.
    assert taken["downscaled_psnr"].value == pytest.approx(38, abs=4)
    assert taken["texture_ratio"].value == pytest.approx(1.0, abs=0.02)
    assert taken["geometry_drift"].value == pytest.approx(0.0, abs=1e-6)
    assert {taken[name].verdict for name in ("global_shift", "skin_delta_e", "overshoot")} == {Verdict.PASS}


def test_another_picture_fails() -> None:
    taken = measured(np.ascontiguousarray(astronaut(512, 512)[:, ::-1]))
    assert taken["downscaled_psnr"].verdict is Verdict.FAIL


def test_what_was_asked_to_change_has_no_gate() -> None:
    for fidelity, denoise in ((0.5, 0.0), (1.0, 0.5)):
        mirrored = np.ascontiguousarray(astronaut(512, 512)[:, ::-1])
        taken = measured(mirrored, fidelity=fidelity, denoise=denoise)
        assert taken["downscaled_psnr"].verdict is Verdict.UNSPECIFIED


def test_a_smoothed_picture_has_less_texture_than_an_interpolated_one() -> None:
    smooth = np.asarray(cv2.GaussianBlur(bicubic(astronaut(128, 128), 512, 512), (0, 0), 4), np.uint8)
    value = measured(smooth)["texture_ratio"].value
    assert value is not None
    assert value < 0.8


def test_landmarks_of_a_small_face_are_not_measured() -> None:
    taken = measured(bicubic(astronaut(128, 128), 512, 512), interocular=25.0)
    assert taken["geometry_drift"].verdict is Verdict.NOT_MEASURABLE


def test_edges_of_the_truth_do_not_ring_and_those_of_an_unsharp_mask_do() -> None:
    truth, small = astronaut(512, 512), astronaut(128, 128)
    soft = np.asarray(cv2.GaussianBlur(truth, (0, 0), 3), np.float32)
    sharpened = np.asarray(np.clip(truth + 2.0 * (truth - soft), 0, 255), np.uint8)
    plain, harsh = (overshoot(small, each, (55.0, 30.0)) for each in (truth, sharpened))
    assert plain.verdict is Verdict.PASS
    assert harsh.verdict is Verdict.FAIL


def test_a_picture_without_edges_has_none_that_ring() -> None:
    even = np.full((64, 64, 3), 90, np.uint8)
    assert overshoot(even, even.repeat(2, axis=0).repeat(2, axis=1), (32.0, 32.0)).verdict is Verdict.NOT_MEASURABLE
