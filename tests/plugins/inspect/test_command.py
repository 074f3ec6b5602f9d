"""`atelier inspect`, against the critic's own process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import skimage.data
from atelier_client.cli import atelier
from atelier_inspect.plugin import inspect_capability
from atelier_sdk.testing.process import ServiceProcess
from click.testing import CliRunner
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from atelier_imaging.models import ModelRunner
    from click.testing import Result


@pytest.fixture(scope="module")
def address(models: ModelRunner) -> Iterator[str]:
    """The address of a running critic."""
    del models  # skips where none are installed
    process = ServiceProcess(inspect_capability(), {})
    yield process.address
    process.close()


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "in.png"
    Image.fromarray(skimage.data.astronaut()).save(path)
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(atelier, ["inspect", *map(str, arguments)])


def test_a_photograph_is_said_to_look_real(address: str, picture: Path) -> None:
    result = run(picture, "--address", address)
    assert result.exit_code == 0
    assert "realism" in result.output
    assert "skin_texture" in result.output


def test_programs_get_everything_with_the_differences_to_the_source(address: str, picture: Path) -> None:
    result = run(picture, "--source", picture, "--json", "--address", address)
    said = json.loads(result.stdout)
    assert said["critique"]["verdict"] == "VERDICT_PASS"
    assert [each["name"] for each in said["critique"]["differences"]].count("skin_delta_e") == 1
    assert said["report"]["operation"] == "inspect.inspect"


def test_the_evidence_is_drawn_in_the_format_that_its_name_says(address: str, picture: Path) -> None:
    target = picture.with_name("evidence.jpg")
    assert run(picture, "--annotate", target, "--address", address).exit_code == 0
    with Image.open(target) as drawn:
        assert (drawn.format, drawn.height) == ("JPEG", 1000)
        assert drawn.width > drawn.height  # the column of findings stands beside the picture


def test_a_picture_without_a_face_is_refused_in_words(address: str, tmp_path: Path) -> None:
    Image.new("RGB", (128, 128), (90, 90, 90)).save(tmp_path / "grey.png")
    result = run(tmp_path / "grey.png", "--address", address)
    assert result.exit_code == 1
    assert "face" in result.output
