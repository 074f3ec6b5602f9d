"""A real portrait through lenses."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from atelier_imaging.measures import Verdict
from atelier_imaging.picture import Picture
from atelier_imaging.region import Region
from atelier_lens.ask import Focus, LensAsk, check
from atelier_lens.background import Background
from atelier_lens.distortion import Distortion
from atelier_lens.measures import measure
from atelier_lens.plan import Plan, plan_lens
from atelier_lens.render import Rendered, render
from atelier_sdk.errors import FieldOutOfRangeError, NoFaceError
from google.protobuf.struct_pb2 import Struct

if TYPE_CHECKING:
    from atelier_imaging.portrait import Portrait


def through(portrait: Portrait, **asked: Any) -> tuple[Rendered, Plan]:
    plan = plan_lens(LensAsk(**asked), portrait, portrait.select())
    return render(portrait, plan), plan


def test_a_neutral_lens_answers_the_picture_itself(astronaut: Portrait) -> None:
    assert through(astronaut)[0].picture is astronaut.picture
    assert through(astronaut, focal_mm=85.0, taken_with_mm=85.0)[0].picture is astronaut.picture


def test_the_face_keeps_its_pixels_and_the_background_loses_detail(astronaut: Portrait) -> None:
    done, plan = through(astronaut, aperture=1.8)
    before, after = astronaut.picture.pixels, done.picture.pixels
    core = astronaut.mask(Region.SKIN, astronaut.select()) * astronaut.mask(Region.FACE, astronaut.select()) > 0.99
    x, y = (int(v) for v in astronaut.select().mesh[1, :2])
    core[:, : x - 40] = core[:, x + 40 :] = core[: y - 60] = core[y + 40 :] = False
    assert core.sum() > 1000
    assert np.array_equal(before[core], after[core])
    behind = astronaut.mask(Region.BACKGROUND) == 1
    edges = [np.abs(np.diff(p.astype(float).mean(axis=2), axis=0))[behind[1:]].mean() for p in (before, after)]
    assert edges[1] < 0.4 * edges[0]
    verdicts = {m.name: m.verdict for m in measure(astronaut, done, plan, plan.face)}
    assert verdicts["outside_mask_difference"] is Verdict.PASS
    assert verdicts["edge_spill"] is Verdict.PASS
    assert verdicts["texture_ratio"] is not Verdict.FAIL


def test_blur_grows_as_the_aperture_opens(astronaut: Portrait) -> None:
    far = astronaut.mask(Region.BACKGROUND) == 1
    left = []
    for number in (16.0, 8.0, 4.0, 2.0, 1.2):
        pixels = through(astronaut, aperture=number)[0].picture.pixels.astype(float).mean(axis=2)
        left.append(float(np.abs(np.diff(pixels, axis=1))[far[:, 1:]].mean()))
    assert left == sorted(left, reverse=True)


def test_focus_on_the_eyes_softens_the_nose(astronaut: Portrait) -> None:
    tip = astronaut.select().mesh[4, :2].astype(int)
    part = (slice(tip[1] - 6, tip[1] + 7), slice(tip[0] - 6, tip[0] + 7))
    whole, eyes = (through(astronaut, aperture=0.7, focus=focus)[0].changed for focus in (Focus.FACE, Focus.EYES))
    assert whole is not None
    assert eyes is not None
    assert whole[part].max() == 0
    assert eyes[part].max() == 1


def test_another_background_shows_and_leaves_no_colour_of_the_old_one(astronaut: Portrait) -> None:
    done, plan = through(astronaut, background=Background(colour=(40, 160, 60)))
    matte = done.matte
    assert matte is not None
    assert (done.picture.pixels[matte == 0] == (40, 160, 60)).all()
    assert np.array_equal(done.picture.pixels[matte == 1], astronaut.picture.pixels[matte == 1])
    spill = next(m for m in measure(astronaut, done, plan, plan.face) if m.name == "edge_spill")
    assert spill.verdict is Verdict.PASS


def test_a_picture_as_background_covers_the_frame(astronaut: Portrait) -> None:
    wall = Picture.from_array(np.full((40, 90, 3), (90, 60, 30), np.uint8))
    done, _ = through(astronaut, background=Background(picture=wall))
    assert done.matte is not None
    assert (np.abs(done.picture.pixels[done.matte == 0].astype(int) - (90, 60, 30)) <= 1).all()


@pytest.mark.parametrize("focal", [24.0, 35.0, 200.0])
def test_another_perspective_keeps_the_head_and_folds_nothing(astronaut: Portrait, focal: float) -> None:
    done, plan = through(astronaut, focal_mm=focal, taken_with_mm=85.0)
    assert done.flow is not None
    assert done.mesh is not None
    assert float(done.flow.jacobian().min()) > 0
    moved = replace(astronaut.select(), mesh=done.mesh)
    size = next(m for m in measure(astronaut, done, plan, moved) if m.name == "head_size")
    assert size.value == pytest.approx(1, abs=0.005)
    # From nearer the nose grows against the face, from farther it shrinks.
    nose = [np.linalg.norm(m[358, :2] - m[129, :2]) for m in (astronaut.select().mesh, done.mesh)]
    assert bool(nose[1] > nose[0]) is (focal < 85)


def test_a_plan_at_no_strength_changes_nothing(astronaut: Portrait) -> None:
    asked = LensAsk(aperture=1.4, vignette=1.0, distortion=Distortion(-0.1), focal_mm=35.0, taken_with_mm=85.0)
    plan = plan_lens(asked, astronaut, astronaut.select()).weakened(0.0)
    assert np.array_equal(render(astronaut, plan).picture.pixels, astronaut.picture.pixels)


def test_sixteen_bits_and_alpha_are_kept(astronaut: Portrait) -> None:
    deep = astronaut.picture.pixels.astype(np.uint16) * 257
    alpha = np.full(deep.shape[:2], 65535, np.uint16)
    alpha[:50] = 0
    portrait = type(astronaut).of_known(Picture.from_array(deep, alpha=alpha), astronaut.faces, astronaut._models)
    done, _ = through(portrait, aperture=2.0, distortion=Distortion(-0.1))
    assert done.picture.pixels.dtype == np.uint16
    assert done.picture.alpha is not None
    assert int((done.picture.alpha == 0).sum()) > 0


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(FieldOutOfRangeError) as caught:
        check(LensAsk(distortion=Distortion(-0.3, -0.1), background=Background(adapt=0.5)))
    assert {v.field for v in caught.value.violations} == {
        "lens.distortion.k1",
        "lens.distortion.k2",
        "lens.background.adapt",
    }


def test_an_aperture_needs_a_face(astronaut: Portrait) -> None:
    empty = type(astronaut)(Picture.from_array(np.full((200, 200, 3), 90, np.uint8)), astronaut._models)
    with pytest.raises(NoFaceError):
        plan_lens(LensAsk(aperture=2.0), empty, None)
    assert render(empty, plan_lens(LensAsk(vignette=1.0), empty, None)).picture is not empty.picture


def test_every_background_can_be_written_into_a_report() -> None:
    wall = Picture.from_array(np.zeros((40, 90, 3), np.uint8))
    for background in (Background(picture=wall), Background(colour=(1, 2, 3)), Background(blur=0.5)):
        written = Struct()
        written.update(dict(LensAsk(background=background).parameters))  # type: ignore[arg-type]  # held here
        assert {"background", "background_blur"} & set(written)
