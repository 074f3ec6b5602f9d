"""Where checkpoints are looked for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from atelier_edit.diffusion.checkpoint import locate
from atelier_edit.diffusion.families import families
from atelier_edit.diffusion.settings import DiffusionSettings
from atelier_sdk.errors import ModelNotInstalledError, ModelUnusableError

if TYPE_CHECKING:
    from pathlib import Path

FLUX = families()["flux2-klein-4b"]
QWEN = families()["qwen-image-edit-2509"]


def installed(home: Path, name: str, pipeline: str) -> Path:
    folder = home / "checkpoints" / name
    folder.mkdir(parents=True)
    (folder / "model_index.json").write_text(json.dumps({"_class_name": pipeline}))
    return folder


def test_it_is_found_where_the_pull_command_puts_it(tmp_path: Path) -> None:
    folder = installed(tmp_path, FLUX.name, FLUX.pipeline)
    found = locate(DiffusionSettings(backend=FLUX.name, home=tmp_path), FLUX)
    assert (found.place, found.lightning, found.version) == (str(folder), None, FLUX.name)


def test_an_adapter_beside_it_is_found_too(tmp_path: Path) -> None:
    folder = installed(tmp_path, QWEN.name, QWEN.pipeline)
    (folder / "lightning.safetensors").touch()
    found = locate(DiffusionSettings(backend=QWEN.name, home=tmp_path), QWEN)
    assert found.lightning == folder / "lightning.safetensors"
    assert found.version == "qwen-image-edit-2509+lightning"


def test_one_that_is_not_there_is_named_with_the_command_that_installs_it(tmp_path: Path) -> None:
    with pytest.raises(ModelNotInstalledError, match="atelier models pull flux2-klein-4b") as raised:
        locate(DiffusionSettings(backend=FLUX.name, home=tmp_path), FLUX)
    assert raised.value.metadata == {"model": FLUX.name, "command": "atelier models pull flux2-klein-4b"}


def test_another_folder_can_be_said(tmp_path: Path) -> None:
    folder = installed(tmp_path / "elsewhere", FLUX.name, FLUX.pipeline)
    settings = DiffusionSettings(backend=FLUX.name, home=tmp_path, checkpoint=str(folder))
    assert locate(settings, FLUX).place == str(folder)


def test_a_repository_of_the_hub_can_be_said_with_its_revision(tmp_path: Path) -> None:
    settings = DiffusionSettings(backend=FLUX.name, home=tmp_path, checkpoint="owner/FLUX.2-klein@0a1b2c")
    found = locate(settings, FLUX)
    assert (found.place, found.revision, found.version) == ("owner/FLUX.2-klein", "0a1b2c", "0a1b2c")


@pytest.mark.parametrize("checkpoint", ["nowhere", "/srv/nothing/here", "a/b/c"])
def test_what_is_neither_folder_nor_repository_is_not_installed(checkpoint: str, tmp_path: Path) -> None:
    with pytest.raises(ModelNotInstalledError):
        locate(DiffusionSettings(backend=FLUX.name, home=tmp_path, checkpoint=checkpoint), FLUX)


def test_a_checkpoint_of_another_family_is_refused(tmp_path: Path) -> None:
    installed(tmp_path, FLUX.name, QWEN.pipeline)
    with pytest.raises(ModelUnusableError, match="it is a QwenImageEditPlusPipeline, not a Flux2KleinPipeline"):
        locate(DiffusionSettings(backend=FLUX.name, home=tmp_path), FLUX)


def test_an_index_that_is_broken_is_refused(tmp_path: Path) -> None:
    folder = installed(tmp_path, FLUX.name, FLUX.pipeline)
    (folder / "model_index.json").write_text("{")
    with pytest.raises(ModelUnusableError, match="is no JSON"):
        locate(DiffusionSettings(backend=FLUX.name, home=tmp_path), FLUX)
