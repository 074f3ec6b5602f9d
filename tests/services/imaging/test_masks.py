"""Region masks on painted portraits, where every pixel's region is known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from atelier_imaging.masks import FaceMasks
from atelier_imaging.region import Region

from tests.services.imaging.painted import DARK_HAIR, DARK_SKIN, GREY_HAIR, LIGHT_SKIN, Painted, paint

PEOPLE = {
    "light skin, dark hair": paint(),
    "dark skin, dark hair": paint(DARK_SKIN, (20, 18, 18)),
    "light skin, grey hair": paint(LIGHT_SKIN, GREY_HAIR),
    "bald": paint(LIGHT_SKIN, None),
    "dark and bald": paint(DARK_SKIN, None),
    "black and white": paint(LIGHT_SKIN, DARK_HAIR, grey=True),
}


def masks(painted: Painted) -> FaceMasks:
    return FaceMasks(painted.pixels, painted.face, painted.person.astype(np.float32))


def inner(area: np.ndarray) -> np.ndarray:
    """Take five pixels off an area's edge, where soft masks are neither in nor out."""
    return cv2.erode(area.astype(np.uint8), np.ones((11, 11))) > 0


@pytest.mark.parametrize("person", PEOPLE)
def test_skin_covers_the_painted_skin_and_nothing_of_shirt_hair_or_wall(person: str) -> None:
    painted = PEOPLE[person]
    skin = masks(painted).region(Region.SKIN)
    # Means over areas: a fold of the prior may leave single pixels in doubt.
    assert skin[inner(painted.skin)].mean() > 0.95
    assert skin[inner(painted.shirt)].mean() < 0.02
    assert skin[~painted.person].max() == 0.0
    if painted.hair.any():
        assert skin[inner(painted.hair)].mean() < 0.1


@pytest.mark.parametrize("person", [name for name in PEOPLE if "bald" not in name])
def test_hair_covers_the_painted_hair_and_nothing_of_face_or_shirt(person: str) -> None:
    painted = PEOPLE[person]
    hair = masks(painted).region(Region.HAIR)
    # Grey hair is hardest to tell from shining skin: 0.92.
    assert hair[inner(painted.hair)].mean() > 0.9
    assert hair[inner(painted.skin)].mean() < 0.02
    assert hair[inner(painted.shirt)].mean() < 0.02


@pytest.mark.parametrize("person", ["bald", "dark and bald"])
def test_a_bald_head_has_no_hair(person: str) -> None:
    painted = PEOPLE[person]
    assert masks(painted).region(Region.HAIR)[painted.person].mean() < 0.01


def test_skin_leaves_eyes_brows_and_lips_out() -> None:
    painted = PEOPLE["light skin, dark hair"]
    assert masks(painted).region(Region.SKIN)[painted.features].mean() < 0.15


@pytest.mark.parametrize("region", [Region.EYES, Region.BROWS, Region.LIPS])
def test_features_lie_within_what_was_painted_as_features(region: Region) -> None:
    painted = PEOPLE["light skin, dark hair"]
    mask = masks(painted).region(region)
    assert mask.max() > 0.9
    assert mask[~painted.features].sum() < 0.35 * mask.sum()


def test_lips_leave_an_open_mouth_out() -> None:
    painted = paint()
    mesh = painted.face.mesh.copy()
    mesh[[14, 87, 317, 88, 318, 178, 402, 95, 324], 1] += 14
    mesh[[17, 84, 314, 181, 405, 91, 321, 146, 375], 1] += 14
    face = type(painted.face)(**{name: getattr(painted.face, name) for name in painted.face.__slots__} | {"mesh": mesh})
    lips = FaceMasks(painted.pixels, face, painted.person.astype(np.float32)).region(Region.LIPS)
    x, y = ((mesh[13, :2] + mesh[14, :2]) / 2).astype(int)
    assert lips[y, x] < 0.1
    assert lips[int(mesh[17, 1]) - 4, x] > 0.5


def test_cheeks_lie_on_their_own_side_and_the_forehead_above_the_brows() -> None:
    painted = PEOPLE["light skin, dark hair"]
    left, right, forehead = (
        masks(painted).region(region) for region in (Region.LEFT_CHEEK, Region.RIGHT_CHEEK, Region.FOREHEAD)
    )
    assert left[:, :240].max() == 0.0
    assert left[:, 240:].max() > 0.95
    assert right[:, 240:].max() == 0.0
    assert right[:, :240].max() > 0.95
    assert forehead[int(painted.face.mesh[105, 1]) :].max() < 0.2
    assert forehead.max() > 0.95


def test_the_face_reaches_from_the_chin_to_the_hairline_and_leaves_the_neck_out() -> None:
    painted = PEOPLE["light skin, dark hair"]
    face = masks(painted).region(Region.FACE)
    chin = round(float(painted.face.mesh[152, 1]))
    assert face[chin - 12, 240] > 0.95
    assert face[chin + 25, 240] < 0.05
    assert face[inner(painted.hair)].mean() < 0.05


def test_sixteen_bits_make_the_same_masks_as_eight() -> None:
    painted = PEOPLE["light skin, dark hair"]
    deep = painted.pixels.astype(np.uint16) * 257
    from_deep = FaceMasks(deep, painted.face, painted.person.astype(np.float32)).region(Region.SKIN)
    np.testing.assert_allclose(from_deep, masks(painted).region(Region.SKIN), atol=0.02)
