from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

pytest.importorskip("torch")
from atelier_training_upscale.photographs import held_out, is_held_out, load, portraits, to_train_on
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make 60 portraits, each of a grey of its own."""
    for number in range(60):
        Image.new("RGB", (40, 50), (number, number, number)).save(tmp_path / f"P{number:03}.png")
    (tmp_path / "README.md").write_text("no portrait")
    return tmp_path


def test_what_is_held_out_is_never_trained_on(folder: Path) -> None:
    kept = {int(load(path)[0, 0, 0]) for path in held_out(folder)}
    trained_on = {int(picture[0, 0, 0]) for picture in to_train_on(folder, 40).pictures if picture.shape[0] == 50}
    assert kept
    assert kept | trained_on == set(range(60))
    assert not kept & trained_on


def test_the_rule_looks_at_the_name_alone(folder: Path, tmp_path: Path) -> None:
    assert [is_held_out(path) for path in portraits(folder)] == [
        is_held_out(tmp_path / "elsewhere" / path.name) for path in portraits(folder)
    ]


def test_large_pictures_are_drawn_more_often(folder: Path) -> None:
    Image.new("RGB", (80, 100)).save(
        folder / next(f"L{n}.png" for n in range(99) if not is_held_out(folder / f"L{n}.png"))
    )
    photographs = to_train_on(folder, 40)
    sizes = np.array([picture.shape[0] * picture.shape[1] for picture in photographs.pictures])
    np.testing.assert_allclose(photographs.chances, sizes / sizes.sum())


def test_a_folder_without_portraits_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no portraits"):
        portraits(tmp_path)
