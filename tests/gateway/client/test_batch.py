"""Which pictures of a folder are worked on, and what their results are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from atelier_client.batch import jobs_of

if TYPE_CHECKING:
    from pathlib import Path


def names(folder: Path, file_format: str | None, *sources: str) -> dict[str, str]:
    for source in sources:
        (folder / source).touch()
    return {job.source.name: job.target.name for job in jobs_of(folder, folder / "out", file_format)}


@pytest.mark.parametrize(
    ("file_format", "expected"),
    [
        (None, {"a.heic": "a.heic.png", "a.jpg": "a.jpg", "a.png": "a.png", "b.heic": "b.png"}),
        ("webp", {"a.heic": "a.heic.webp", "a.jpg": "a.jpg.webp", "a.png": "a.png.webp", "b.heic": "b.webp"}),
        ("jpeg", {"a.heic": "a.heic.jpg", "a.jpg": "a.jpg", "a.png": "a.png.jpg", "b.heic": "b.jpg"}),
    ],
)
def test_no_two_pictures_of_a_folder_get_one_name(
    tmp_path: Path, file_format: str | None, expected: dict[str, str]
) -> None:
    assert names(tmp_path, file_format, *expected) == expected


def test_hidden_files_and_other_files_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "folder.jpg").mkdir()
    assert names(tmp_path, None, "._a.jpg", ".hidden.png", "a.jpg", "notes.txt") == {"a.jpg": "a.jpg"}
