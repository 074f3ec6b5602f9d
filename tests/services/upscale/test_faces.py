"""Faces are given less freedom."""

from __future__ import annotations

import numpy as np
import pytest
from atelier_imaging.measures import Verdict, seam
from atelier_imaging.picture import Picture
from atelier_imaging.portrait import Portrait
from atelier_imaging.region import Region
from atelier_service.models.fake import FakeModels
from atelier_upscale.drawing import Manner
from atelier_upscale.enlarge import Pass
from atelier_upscale.faces import fidelity_of
from atelier_upscale.networks import own_networks
from atelier_upscale.share import Amount
from atelier_upscale.size import Size

from tests.services.upscale.networks import no_face, upscalers
from tests.services.upscale.pictures import astronaut, ended
from tests.services.upscale.portraits import Known


def around(interocular: float = 20.0) -> Known:
    """Make a portrait whose face is a disc in its middle."""
    y, x = np.mgrid[:128, :128]
    share = np.asarray(np.hypot(y - 64, x - 64) < 30, np.float32)
    return Known(astronaut(128, 128), interocular=interocular, share=share)


def test_a_face_has_half_the_freedom_and_what_lies_outside_all_of_it() -> None:
    amount = fidelity_of(around(), 0.2)
    assert amount.map is not None
    assert amount.map[64, 64] == pytest.approx(0.6, abs=0.01)
    assert amount.map[2, 2] == pytest.approx(0.2, abs=0.001)
    assert np.abs(np.diff(amount.map, axis=0)).max() < 0.1  # nowhere a step


def test_full_fidelity_and_a_picture_without_faces_need_no_map() -> None:
    assert fidelity_of(around(), 1.0).map is None
    faceless = Portrait(Picture.from_array(astronaut(64, 64)), FakeModels({"face_detector": no_face}))
    assert fidelity_of(faceless, 0.3).map is None


def test_the_treatment_of_a_face_leaves_no_seam_and_keeps_more_of_its_texture() -> None:
    portrait = around()
    pixels = portrait.picture.pixels
    results = [
        ended(Pass(pixels, Size(256, 256), Manner(own_networks(2.0), amount)).run(upscalers()))[1]
        for amount in (Amount(0.0), fidelity_of(portrait, 0.0))
    ]
    mask = portrait.mask(Region.FACE)
    larger = mask.repeat(2, axis=0).repeat(2, axis=1)
    assert seam(results[0], results[1], larger, portrait.picture.space).verdict is Verdict.PASS
    texture = [float((np.diff(each.astype(float), axis=1) ** 2)[larger[:, 1:] > 0].mean()) for each in results]
    assert texture[1] > 1.02 * texture[0]
