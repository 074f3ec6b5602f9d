"""The analysis on real people with the real networks; skipped where models are not installed."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import platformdirs
import pytest
from atelier_imaging.analysis import analyse
from atelier_imaging.decode import decode
from atelier_imaging.faceframe import to_bytes
from atelier_imaging.picture import Picture
from atelier_imaging.portrait import Portrait
from atelier_imaging.region import Region

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atelier_imaging.face import Face
    from numpy.typing import NDArray


class InstalledModels:
    """Run the installed models on ONNX Runtime in this process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @functools.cached_property
    def _sessions(self) -> dict[str, object]:
        return {}

    def infer(self, model: str, inputs: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        """Run one model."""
        onnxruntime = pytest.importorskip("onnxruntime")
        if model not in self._sessions:
            path = self._folder / model / "1" / "model.onnx"
            self._sessions[model] = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        session = self._sessions[model]
        names = [output.name for output in session.get_outputs()]  # type: ignore[attr-defined]
        return dict(zip(names, session.run(names, dict(inputs)), strict=True))  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def models() -> InstalledModels:
    home = Path(os.environ.get("ATELIER_HOME") or platformdirs.user_data_path("atelier"))
    wanted = ("face_detector", "face_mesh", "iris", "person_segmenter")
    if missing := [name for name in wanted if not (home / "models" / name / "1" / "model.onnx").exists()]:
        pytest.skip(f"models are not installed: {', '.join(missing)}; run `make models`")
    return InstalledModels(home / "models")


def only_face(pixels: NDArray[np.uint8], models: InstalledModels) -> Face:
    (face,) = analyse(Picture.from_array(np.ascontiguousarray(pixels)), models)
    return face


def test_the_astronaut_faces_the_lens_and_smiles(astronaut: NDArray[np.uint8], models: InstalledModels) -> None:
    face = only_face(astronaut, models)
    assert face.confidence > 0.85
    # Pupils, read off the picture by eye.
    assert face.mesh[468, :2] == pytest.approx((203.5, 101), abs=1.5)
    assert face.mesh[473, :2] == pytest.approx((246, 104), abs=1.5)
    assert abs(face.pose.yaw_degrees) < 5
    assert abs(face.pose.pitch_degrees) < 6
    assert face.expression.smile > 0.1
    assert face.expression.mouth_open > 0.1


@pytest.mark.parametrize("turn", [-15, 15])
def test_turning_the_picture_turns_the_roll_and_nothing_else(
    turn: int, astronaut: NDArray[np.uint8], models: InstalledModels
) -> None:
    matrix = cv2.getRotationMatrix2D((223, 115), -turn, 1)  # OpenCV counts anticlockwise
    before = only_face(astronaut, models).pose
    after = only_face(np.asarray(cv2.warpAffine(astronaut, matrix, (512, 512)), np.uint8), models).pose
    assert after.roll_degrees - before.roll_degrees == pytest.approx(turn, abs=1)
    assert after.yaw_degrees == pytest.approx(before.yaw_degrees, abs=2)
    assert after.pitch_degrees == pytest.approx(before.pitch_degrees, abs=2)


def test_a_mirrored_portrait_has_mirrored_yaw_roll_and_gaze(
    portrait_paths: list[Path], models: InstalledModels
) -> None:
    differences = []
    for path in portrait_paths[::2]:
        pixels = to_bytes(decode(path.read_bytes()).pixels)
        face, mirrored = only_face(pixels, models), only_face(pixels[:, ::-1], models)
        differences.append(
            (
                face.pose.yaw_degrees + mirrored.pose.yaw_degrees,
                face.pose.roll_degrees + mirrored.pose.roll_degrees,
                face.pose.pitch_degrees - mirrored.pose.pitch_degrees,
                face.gaze.x_degrees + mirrored.gaze.x_degrees,
            )
        )
    # Medians of absolute differences in degrees; the mesh network is not itself symmetric.
    yaw, roll, pitch, gaze = np.median(np.abs(differences), axis=0)
    assert yaw < 1.5
    assert roll < 1.0
    assert pitch < 1.5
    assert gaze < 4.0


def test_every_portrait_has_one_face_that_is_large_and_turned_by_less_than_forty_degrees(
    portrait_paths: list[Path], models: InstalledModels
) -> None:
    for path in portrait_paths:
        portrait = Portrait(decode(path.read_bytes()), models)
        face = portrait.require_face(min_interocular_pixels=35, max_yaw_degrees=40, max_pitch_degrees=30)
        assert portrait.faces == (face,)


def test_a_small_face_in_a_large_picture_is_found(astronaut: NDArray[np.uint8], models: InstalledModels) -> None:
    canvas = np.full((1024, 1024, 3), 120, np.uint8)
    canvas[600:800, 100:300] = cv2.resize(astronaut, (200, 200), interpolation=cv2.INTER_AREA)
    assert only_face(canvas, models).interocular_pixels == pytest.approx(43.0 * 200 / 512, rel=0.08)


def test_pictures_without_people_have_no_face(models: InstalledModels) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (600, 800, 3), dtype=np.uint8)
    assert analyse(Picture.from_array(noise), models) == ()


def test_regions_of_the_astronaut_are_where_they_are(astronaut: NDArray[np.uint8], models: InstalledModels) -> None:
    portrait = Portrait(Picture.from_array(astronaut.copy()), models)
    places = {
        Region.SKIN: (225, 130),
        Region.HAIR: (225, 45),
        Region.EYES: (204, 101),
        Region.LIPS: (222, 152),
        Region.PERSON: (223, 400),
        Region.BACKGROUND: (330, 100),
    }
    for region, (x, y) in places.items():
        assert portrait.mask(region)[y, x] > 0.8, region
    for region in (Region.SKIN, Region.HAIR):
        assert portrait.mask(region)[300:].max() < 0.05, region


def test_skin_tones_of_real_people_spread_over_the_classes(portrait_paths: list[Path], models: InstalledModels) -> None:
    angles = [Portrait(decode(path.read_bytes()), models).ita_degrees() for path in portrait_paths[::3]]
    measured = [angle for angle in angles if angle is not None]
    assert len(measured) >= len(angles) // 2
    assert all(-90 < angle < 90 for angle in measured)
    assert max(measured) - min(measured) > 20
