"""Loading the parts of a reenactment network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from atelier_expression.reenact.motion import Motion, degrees
from atelier_expression.reenact.parts import INDEX, load
from atelier_expression.turn import Turn
from atelier_sdk.errors import ModelNotInstalledError, ModelUnusableError

from tests.services.expression.reenact.graphs import SIDE, write_parts

if TYPE_CHECKING:
    from pathlib import Path


def test_real_graphs_are_loaded_and_run(tmp_path: Path) -> None:
    parts = load(write_parts(tmp_path / "parts"))
    image = np.random.default_rng(1).random((1, 3, SIDE, SIDE), np.float32)

    feature = parts.run("appearance", {"image": image})["feature"]
    motion = Motion.of(parts.run("motion", {"image": image}))
    keypoints = {"kp_source": motion.placed(), "kp_driving": motion.placed(Turn(yaw_degrees=20))}
    warped = parts.run("warp", {"feature": feature, **keypoints})["warped"]

    assert parts.side == SIDE
    assert keypoints["kp_driving"].shape == (1, 21, 3)
    np.testing.assert_array_equal(warped, image)


def test_other_weights_are_another_version(tmp_path: Path) -> None:
    first, second = (load(write_parts(tmp_path / str(seed), seed)) for seed in (1, 2))

    assert first.version != second.version


def test_a_folder_without_parts_says_how_they_are_installed(tmp_path: Path) -> None:
    with pytest.raises(ModelNotInstalledError, match="atelier models pull reenactment --folder"):
        load(tmp_path)


def test_what_is_broken_in_a_folder_is_named(tmp_path: Path) -> None:
    folder = write_parts(tmp_path / "parts")
    (folder / "warp.onnx").write_bytes(b"no graph")
    with pytest.raises(ModelUnusableError, match=r"warp\.onnx does not load"):
        load(folder)
    (folder / "warp.onnx").unlink()
    with pytest.raises(ModelUnusableError, match=r"warp\.onnx is missing"):
        load(folder)
    (folder / "motion.onnx").write_bytes((folder / "appearance.onnx").read_bytes())
    with pytest.raises(ModelUnusableError, match=r"motion\.onnx has no output pitch"):
        load(folder)
    (folder / INDEX).write_text("{}")
    with pytest.raises(ModelUnusableError, match="does not name ReenactmentParts"):
        load(folder)


def test_angles_are_read_of_their_bins() -> None:
    bins = np.full((1, 66), -20.0, np.float32)
    bins[0, 40] = 20.0

    assert degrees(bins) == pytest.approx(40 * 3 - 97.5, abs=0.01)
    assert degrees(np.array([[7.5]], np.float32)) == 7.5


def test_keypoints_turn_about_the_head_and_keep_their_distances() -> None:
    rng = np.random.default_rng(0)
    points = rng.normal(size=(21, 3)).astype(np.float32)
    still = np.zeros((21, 3), np.float32)
    motion = Motion(5.0, -3.0, 2.0, points, still, 1.5, np.array([0.1, 0.2, 9.0], np.float32))

    turned = motion.placed(Turn(yaw_degrees=20))

    lengths = [np.linalg.norm(each[0, :, None] - each[0, None], axis=-1) for each in (motion.placed(), turned)]
    np.testing.assert_allclose(lengths[0], lengths[1], atol=1e-4)
    assert not np.allclose(motion.placed(), turned, atol=0.05)
