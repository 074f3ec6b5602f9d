"""What cannot be drawn, or not now, asked of the running service: each has its reason, and the next call works."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from atelier.v1 import generate_pb2, image_pb2
from atelier_generate.base import EmbeddedBackend
from atelier_generate.base.embedded import DENOISER
from atelier_service.models.in_process import InProcessModels

from tests.services.generate.service.serving import models_folder, serving
from tests.services.generate.service.sketchbook import Networks, Sketchbook

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tests.services.generate.service.serving import Running

Direction, Composition = generate_pb2.Direction, generate_pb2.Composition


@pytest.fixture(scope="module")
def models() -> Networks:
    return Networks(models_folder())


@pytest.fixture
async def service(tmp_path: Path, models: Networks) -> AsyncIterator[Running]:
    """The service; whatever a test does to it, the next call works."""
    async with serving(tmp_path, models, Sketchbook(steps=1)) as running:
        yield running
        assert (await running.result(candidates=1, seed=3)).image.content


async def test_a_request_without_a_brief_is_refused(service: Running) -> None:
    error = await service.refusal(direction=None)
    assert (error.reason, [one.field for one in error.violations]) == ("FIELD_OUT_OF_RANGE", ["generation.brief"])


async def test_an_empty_brief_leaves_all_to_the_seed_and_says_what_it_drew(service: Running) -> None:
    result = await service.result(direction=Direction(), candidates=1, seed=3)
    guessed = {
        one.field for one in result.composed.interpretations if one.kind == generate_pb2.INTERPRETATION_KIND_GUESSED
    }
    assert {"subject.age_years", "subject.sex", "subject.hair", "subject.skin_ita_degrees"} <= guessed


@pytest.mark.parametrize(
    ("direction", "reason", "fields", "said"),
    [
        (Direction(text="word " * 10_000), "FIELD_OUT_OF_RANGE", ["generation.direction.text"], ""),
        (Direction(text="a bald woman with long red hair"), "FIELD_OUT_OF_RANGE", ["text"], "`bald`"),
        (Direction(text="a 30-year-old man, a 60-year-old"), "FIELD_OUT_OF_RANGE", ["text"], "subject.age_years"),
        (Direction(preset="profile-foto"), "PRESET_UNKNOWN", ["preset"], "profile-photo"),
        (
            Direction(composition=Composition(size="8K")),
            "PRESET_UNKNOWN",
            ["composition.size"],
            "1K, 2K, 4K",
        ),
        (
            Direction(composition=Composition(aspect="7:3")),
            "FIELD_OUT_OF_RANGE",
            ["generation.direction.composition.aspect"],
            "",
        ),
    ],
)
async def test_what_cannot_be_honoured_is_named(
    service: Running, models: Networks, direction: generate_pb2.Direction, reason: str, fields: list[str], said: str
) -> None:
    before = models.steps
    error = await service.refusal(direction=direction)
    assert (error.reason, [one.field for one in error.violations]) == (reason, fields)
    assert said in error.message + str(error.violations)
    assert models.steps == before


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KiB, where this user may mount one."""
    disk = tmp_path / "artifacts"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("this user may not mount a small disk")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.usefixtures("small_disk")
async def test_a_candidate_without_room_for_it_stops_the_drawing(service: Running, models: Networks) -> None:
    before = models.steps
    error = await service.refusal(candidates=4, seed=3, output=image_pb2.OutputOptions(as_artifact=True))
    assert (error.reason, models.steps - before) == ("STORAGE_FULL", 1)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder of the installed models, the generator's network a copy that may be spoilt."""
    folder = tmp_path / "models"
    folder.mkdir()
    for model in models_folder().iterdir():
        if model.name == DENOISER:
            shutil.copytree(model, folder / model.name)
        else:
            (folder / model.name).symlink_to(model, target_is_directory=True)
    return folder


async def refused_by(home: Path, tmp_path: Path) -> Any:
    async with serving(tmp_path, InProcessModels(home), EmbeddedBackend()) as service:
        return await service.refusal(candidates=1, seed=1)


async def test_a_network_that_is_missing_is_named_with_the_command_that_installs_it(home: Path, tmp_path: Path) -> None:
    shutil.rmtree(home / DENOISER)
    error = await refused_by(home, tmp_path)
    assert (error.status, error.reason, error.metadata["model"]) == (
        "FAILED_PRECONDITION",
        "MODEL_NOT_INSTALLED",
        DENOISER,
    )
    assert "atelier models" in error.metadata["command"]


async def test_a_network_that_is_damaged_is_named(home: Path, tmp_path: Path) -> None:
    (network,) = (home / DENOISER).glob("*/model.onnx")
    network.write_bytes(network.read_bytes()[:100_000])
    error = await refused_by(home, tmp_path)
    assert (error.reason, error.metadata["model"]) == ("MODEL_UNUSABLE", DENOISER)
