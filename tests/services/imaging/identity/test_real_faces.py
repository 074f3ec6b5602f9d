"""What the real encoder separates, on real people; skipped where it is not installed."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import platformdirs
import pytest
from atelier_imaging.decode import decode
from atelier_imaging.identity import Resemblance, embed, load_encoder, similarity_of_rate
from atelier_imaging.impression import impressions
from atelier_imaging.picture import Picture
from atelier_imaging.portrait import Portrait

from tests.services.imaging.test_real_faces import InstalledModels

if TYPE_CHECKING:
    from numpy.typing import NDArray

ENCODER = load_encoder()
ONE_IN_A_THOUSAND = similarity_of_rate(1e-3)


@pytest.fixture(scope="module")
def models() -> InstalledModels:
    home = Path(os.environ.get("ATELIER_HOME") or platformdirs.user_data_path("atelier"))
    wanted = ("face_detector", "face_mesh", "iris", "face_encoder", "face_expression", "face_age")
    if missing := [name for name in wanted if not (home / "models" / name / "1" / "model.onnx").exists()]:
        pytest.skip(f"models are not installed: {', '.join(missing)}; run `atelier models convert`")
    return InstalledModels(home / "models")


def embedding(pixels: NDArray[np.uint8], models: InstalledModels) -> NDArray[np.float32]:
    portrait = Portrait(Picture.from_array(np.ascontiguousarray(pixels)), models)
    vectors: NDArray[np.float32] = embed(pixels, [portrait.select()], models)
    return np.asarray(vectors[0])


def similarity(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    assert ENCODER.calibration is not None
    return ENCODER.calibration.similarity(float(np.linalg.norm(first.astype(float) - second)))


def test_people_are_told_apart(portrait_paths: list[Path], models: InstalledModels) -> None:
    read = [Portrait(decode(path.read_bytes()), models) for path in portrait_paths[:10]]
    people = [embed(one.picture.pixels, [one.select()], models)[0] for one in read]
    alike = [similarity(first, second) for first, second in itertools.combinations(people, 2)]
    assert max(alike) < ONE_IN_A_THOUSAND
    assert abs(float(np.median(alike))) < 0.15  # half of all strangers lie on either side of 0


def test_a_person_is_known_again_smaller_darker_mirrored_and_turned(
    astronaut: NDArray[np.uint8], models: InstalledModels
) -> None:
    known = embedding(astronaut, models)
    turn = cv2.getRotationMatrix2D((225, 110), 12, 0.9)
    others = {
        "half as large": cv2.resize(astronaut, (256, 256), interpolation=cv2.INTER_AREA),
        "darker": (astronaut * 0.6).astype(np.uint8),
        "mirrored": astronaut[:, ::-1].copy(),
        "turned": cv2.warpAffine(astronaut, turn, (512, 512)),
    }
    for name, pixels in others.items():
        assert similarity(known, embedding(np.asarray(pixels, np.uint8), models)) > 0.8, name


def test_a_stranger_in_the_same_place_is_another_person(
    astronaut: NDArray[np.uint8], portrait_paths: list[Path], models: InstalledModels
) -> None:
    source = Portrait(Picture.from_array(astronaut), models)
    stranger = Portrait(decode(portrait_paths[0].read_bytes()), models)
    assert Resemblance(source.picture, source.select(), models).similarity(stranger) < ONE_IN_A_THOUSAND


def test_the_astronaut_reads_as_a_happy_woman_of_working_age(
    astronaut: NDArray[np.uint8], models: InstalledModels
) -> None:
    portrait = Portrait(Picture.from_array(astronaut), models)
    (impression,) = impressions(astronaut, [portrait.select()], models)
    assert max(impression.expression, key=impression.expression.__getitem__) == "happy"
    assert impression.male < 0.2
    assert abs(impression.age_years - 36) < 2 * impression.age_deviation_years  # she was 35 or 36
