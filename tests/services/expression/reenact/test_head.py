"""A head turned by a network: what is the network's and what stays the source's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from atelier_expression.adjust import plan_adjustment, reenact
from atelier_expression.controls import Adjustment, Part
from atelier_expression.reenact.head import square
from atelier_expression.reenact.parts import load
from atelier_expression.reenact.settings import ReenactmentSettings
from atelier_expression.servicer import ExpressionServicer
from atelier_expression.wishes import Wish

from tests.services.expression.reenact.graphs import write_parts

if TYPE_CHECKING:
    from pathlib import Path

    from atelier_imaging.portrait import Portrait
    from atelier_service.models.per_call import CallModels


def test_the_pixels_of_a_smeared_drawing_are_the_sources_own(
    tmp_path: Path, portrait: Portrait, models: CallModels
) -> None:
    face = portrait.faces[0]
    wish = Wish(Adjustment(yaw_degrees=20), None, Part.ALL, ())
    parts = load(write_parts(tmp_path / "parts"))

    plan = plan_adjustment(wish, portrait, face, models)
    result = reenact(portrait, plan, parts, models)

    before, after = portrait.picture.pixels.astype(float), result.picture.pixels.astype(float)
    rows, columns = square(face, before.shape)
    outside = np.ones(before.shape[:2], bool)
    outside[rows, columns] = False
    assert np.array_equal(before[outside], after[outside])
    # The network drew no detail; what fine detail the face has is what it had.
    box = face.box
    part = (
        slice(int(box.top), int(box.top + box.height)),
        slice(int(box.left), int(box.left + box.width)),
    )
    detail = [np.abs(np.diff(each[part].mean(axis=-1), axis=1)).mean() for each in (before, after)]
    assert 0.85 < detail[1] / detail[0] < 1.2
    # The light that it drew, brighter towards the right, is in the result.
    left, right = (after[part][:, half].mean() / before[part][:, half].mean() for half in (np.s_[:40], np.s_[-40:]))
    assert right > left * 1.02


def test_the_square_lies_within_the_picture(portrait: Portrait) -> None:
    face = portrait.faces[0]

    rows, columns = square(face, portrait.picture.pixels.shape)

    assert rows.stop - rows.start == columns.stop - columns.start
    assert rows.start >= 0
    assert columns.stop <= portrait.picture.width
    assert columns.start < face.box.left


@pytest.mark.parametrize("folder", ["none", "parts"])
def test_a_wide_turn_needs_the_parts(tmp_path: Path, folder: str) -> None:
    write_parts(tmp_path / "parts")
    servicer = ExpressionServicer(ReenactmentSettings(parts=tmp_path / folder))

    if folder == "none":
        with pytest.raises(Exception, match="atelier models pull reenactment"):
            servicer._parts()
    else:
        assert servicer._parts() is servicer._parts()
