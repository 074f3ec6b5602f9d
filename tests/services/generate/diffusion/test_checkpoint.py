"""Checkpoints that are missing, damaged, or another one; and how one is known again."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from atelier_generate.diffusion.backend import DiffusersBackend
from atelier_generate.diffusion.settings import DiffusersSettings
from atelier_sdk.errors import HostUnsuitableError, ModelNotInstalledError, ModelUnusableError
from atelier_service.diffusion.checkpoint import digest

from tests.services.generate.diffusion.conftest import NoModels, events

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Make = Callable[..., DiffusersBackend]

SDXL = "sdxl"
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def copied(home: Path, tmp_path: Path) -> Path:
    """A checkpoint of its own, to be spoilt."""
    folder = tmp_path / "checkpoints" / SDXL
    shutil.copytree(home / "checkpoints" / SDXL, folder)
    return folder


def cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def without_weights(folder: Path) -> None:
    (folder / "unet" / "diffusion_pytorch_model.safetensors").unlink()


def without_a_part(folder: Path) -> None:
    shutil.rmtree(folder / "text_encoder_2")


def with_half_a_file(folder: Path) -> None:
    cut_short(folder / "unet" / "diffusion_pytorch_model.safetensors")


def with_half_an_encoder(folder: Path) -> None:
    cut_short(folder / "text_encoder" / "model.safetensors")


def with_another_shape(folder: Path) -> None:
    config = folder / "unet" / "config.json"
    config.write_text(config.read_text().replace('"cross_attention_dim": 32', '"cross_attention_dim": 48'))


def with_a_broken_index(folder: Path) -> None:
    (folder / "model_index.json").write_text("{")


def of_another_family(folder: Path) -> None:
    index = folder / "model_index.json"
    index.write_text(index.read_text().replace("StableDiffusionXLPipeline", "FluxPipeline"))


SPOILT = [
    without_weights,
    without_a_part,
    with_half_a_file,
    with_half_an_encoder,
    with_another_shape,
    with_a_broken_index,
    of_another_family,
]


@pytest.mark.parametrize("spoil", SPOILT, ids=lambda spoil: spoil.__name__)
def test_a_checkpoint_that_is_damaged_or_another_one_is_unusable_and_said_so(
    spoil: Callable[[Path], None], backend: Make, copied: Path
) -> None:
    spoil(copied)
    one = backend(SDXL, at=copied.parents[1])
    for _ in range(2):  # the first refusal leaves nothing half loaded
        with pytest.raises(ModelUnusableError, match="Stable Diffusion XL"):
            events(one)


def test_one_that_is_mended_is_loaded(backend: Make, copied: Path, home: Path) -> None:
    with_half_a_file(copied)
    one = backend(SDXL, at=copied.parents[1])
    with pytest.raises(ModelUnusableError):
        events(one)
    shutil.copytree(home / "checkpoints" / SDXL, copied, dirs_exist_ok=True)
    assert events(one)


def test_a_missing_one_is_named_with_the_command_that_installs_it(backend: Make, tmp_path: Path) -> None:
    one = backend(SDXL, at=tmp_path)
    for ask in (lambda: events(one), lambda: one.canary(NoModels())):
        with pytest.raises(ModelNotInstalledError, match="Run `atelier models pull sdxl`, or set ATELIER_GENERATOR_CH"):
            ask()


def test_a_repository_that_is_not_in_the_hubs_cache_is_not_installed(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    settings = DiffusersSettings(family_name=SDXL, home=tmp_path, checkpoint="nobody/nothing@1234", device="cpu")
    with pytest.raises(ModelNotInstalledError, match="in the hub's cache"):
        events(DiffusersBackend(settings))


def test_one_that_nobody_can_pull_is_asked_for_by_its_variable(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    settings = DiffusersSettings(family_name="unconditional", home=tmp_path)
    with pytest.raises(ModelNotInstalledError, match="set ATELIER_GENERATOR_CHECKPOINT to a folder") as raised:
        events(DiffusersBackend(settings))
    assert "atelier models pull" not in raised.value.message


def test_any_other_pipeline_is_drawn_with_too(backend: Make, home: Path) -> None:
    one = backend("other", steps=2, checkpoint=str(home / "checkpoints" / "z-image-turbo"))
    assert len(events(one)) == 3


def test_the_canary_loads_nothing_and_then_sees_a_device_that_cannot_multiply(
    backend: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    one = backend("unconditional", steps=1)
    one.canary(NoModels())
    assert one._studio.loaded is None
    events(one)
    one.canary(NoModels())
    monkeypatch.setattr(torch.Tensor, "__matmul__", torch.Tensor.__add__)
    with pytest.raises(ModelUnusableError, match="cpu cannot multiply"):
        one.canary(NoModels())


def test_a_checkpoint_is_known_by_its_bytes_wherever_it_lies(backend: Make, copied: Path) -> None:
    there, here = (backend(SDXL, **more)._studio.checkpoint for more in ({}, {"at": copied.parents[1]}))
    assert digest(there) == digest(here)
    (copied / "checkpoint.json").write_text("{}")  # who pulled it when
    assert digest(there) == digest(here)
    file = copied / "vae" / "diffusion_pytorch_model.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"\x01")
    assert digest(there) != digest(here)


def test_a_host_without_a_package_is_told_which(backend: Make) -> None:
    one = backend(SDXL)
    one._studio.family = replace(one._studio.family, requires=("surely_not_there",))
    with pytest.raises(HostUnsuitableError, match="surely_not_there"):
        events(one)
