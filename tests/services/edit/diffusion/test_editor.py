"""Both families' pipelines, tiny and random, really run: loaded from disk, stepped, cancelled, out of memory."""

from __future__ import annotations

import shutil
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from atelier_edit.diffusion.editor import Editor
from atelier_edit.diffusion.families import families
from atelier_edit.diffusion.settings import DiffusionSettings
from atelier_sdk.errors import (
    CancelledError,
    DeviceMemoryError,
    HostUnsuitableError,
    ModelNotInstalledError,
    ModelUnusableError,
)
from atelier_service.diffusion.loading import require_host

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Make = Callable[..., Editor]

FLUX, QWEN = "flux2-klein-4b", "qwen-image-edit-2509"
# transformers and diffusers warn of their own deprecations.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def picture() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8)


def quick(editor: Editor, steps: int = 3) -> Editor:
    """The same editor with fewer steps."""
    editor.family = replace(editor.family, steps=steps)
    return editor


@pytest.mark.parametrize("name", [FLUX, QWEN])
def test_an_edit_is_a_picture_and_depends_on_its_seed_only(name: str, editor: Make, picture: NDArray[np.uint8]) -> None:
    one = quick(editor(name), 2)
    told: list[tuple[int, int]] = []
    first = one.edit(picture, "Light from the left.", seed=1, progress=lambda *step: told.append(step))
    assert first.shape == picture.shape
    assert first.dtype == np.uint8
    assert first.std() > 0
    assert told == [(1, 2), (2, 2)]
    assert np.array_equal(one.edit(picture, "Light from the left.", seed=1), first)
    assert not np.array_equal(one.edit(picture, "Light from the left.", seed=2), first)
    assert not np.array_equal(one.edit(picture, "Light from the right.", seed=1), first)


def test_the_picture_that_is_shown_matters(editor: Make, picture: NDArray[np.uint8]) -> None:
    one = quick(editor(FLUX), 2)
    assert not np.array_equal(one.edit(picture, "Light.", seed=1), one.edit(255 - picture, "Light.", seed=1))


@pytest.mark.parametrize("name", [FLUX, QWEN])
def test_a_cancelled_edit_stops_between_two_steps(name: str, editor: Make, picture: NDArray[np.uint8]) -> None:
    one = quick(editor(name), 4)
    done: list[int] = []

    def check() -> None:
        if len(done) == 2:
            raise CancelledError("The caller cancelled.")

    with pytest.raises(CancelledError):
        one.edit(picture, "Light.", seed=1, check=check, progress=lambda step, _: done.append(step))
    assert done == [1, 2]
    assert one.edit(picture, "Light.", seed=1).shape == picture.shape


def test_an_edit_that_waits_for_its_turn_can_be_cancelled(editor: Make, picture: NDArray[np.uint8]) -> None:
    one = quick(editor(FLUX), 2)
    at_work, go_on = threading.Event(), threading.Event()

    def progress(_: int, __: int) -> None:
        at_work.set()
        go_on.wait(30)

    def check() -> None:
        raise CancelledError("The caller cancelled.")

    worker = threading.Thread(target=lambda: one.edit(picture, "Light.", seed=1, progress=progress))
    worker.start()
    try:
        assert at_work.wait(60)
        with pytest.raises(CancelledError):
            one.edit(picture, "Light.", seed=1, check=check)
    finally:
        go_on.set()
        worker.join()


@pytest.mark.parametrize("said", ["CUDA out of memory. Tried to allocate 20.00 GiB", "can't allocate memory"])
def test_too_little_memory_says_what_to_lower_and_the_next_edit_works(
    said: str, editor: Make, picture: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = quick(editor(FLUX), 2)
    one.edit(picture, "Light.", seed=1)
    with monkeypatch.context() as patched:

        def full(*_: Any, **__: Any) -> None:
            raise RuntimeError(said)

        patched.setattr(one._pipeline.transformer, "forward", full)
        with pytest.raises(DeviceMemoryError, match="lower ATELIER_EDIT_SIDE below 96") as raised:
            one.edit(picture, "Light.", seed=1)
    assert (raised.value.status, raised.value.metadata["side"]) == ("RESOURCE_EXHAUSTED", "96")
    assert one.edit(picture, "Light.", seed=1).shape == picture.shape


def test_another_fault_stays_what_it_is(
    editor: Make, picture: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = quick(editor(FLUX), 2)
    one.edit(picture, "Light.", seed=1)

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("shapes cannot be multiplied")

    monkeypatch.setattr(one._pipeline.transformer, "forward", broken)
    with pytest.raises(RuntimeError, match="shapes"):
        one.edit(picture, "Light.", seed=1)


def test_a_checkpoint_that_lacks_a_part_is_unusable(
    editor: Make, checkpoints: Path, tmp_path: Path, picture: NDArray[np.uint8]
) -> None:
    folder = tmp_path / "checkpoints" / FLUX
    shutil.copytree(checkpoints / "checkpoints" / FLUX, folder)
    shutil.rmtree(folder / "vae")
    with pytest.raises(ModelUnusableError, match=r"could not be loaded as FLUX\.2 klein 4B"):
        editor(FLUX, home=tmp_path).edit(picture, "Light.", seed=1)


def test_a_repository_that_is_not_in_the_hubs_cache_is_not_installed(
    picture: NDArray[np.uint8], tmp_path: Path
) -> None:
    pytest.importorskip("torch")
    settings = DiffusionSettings(backend=FLUX, home=tmp_path, checkpoint="nobody/nothing@1234", device="cpu", side=96)
    with pytest.raises(ModelNotInstalledError, match="atelier models pull flux2-klein-4b"):
        Editor(settings, families()[FLUX]).edit(picture, "Light.", seed=1)


def test_an_adapter_for_few_steps_is_joined_and_brings_its_schedule(
    editor: Make, checkpoints: Path, tmp_path: Path, picture: NDArray[np.uint8]
) -> None:
    from safetensors.torch import save_file
    from torch import randn

    folder = tmp_path / "checkpoints" / QWEN
    shutil.copytree(checkpoints / "checkpoints" / QWEN, folder)
    name = "transformer.transformer_blocks.0.attn.to_q"
    weights = {f"{name}.lora_A.weight": randn(4, 32), f"{name}.lora_B.weight": randn(32, 4)}
    save_file(weights, folder / "lightning.safetensors")
    told: list[int] = []
    joined = editor(QWEN, home=tmp_path)
    joined.edit(picture, "Light.", seed=1, progress=lambda _, steps: told.append(steps))
    plain = quick(editor(QWEN), 1)
    plain.edit(picture, "Light.", seed=1)
    assert told == [4, 4, 4, 4]
    assert joined._pipeline.scheduler.config.max_shift == pytest.approx(1.0986, abs=1e-4)
    assert joined._pipeline.scheduler.config.shift_terminal is None
    queries = [each._pipeline.transformer.transformer_blocks[0].attn.to_q.weight for each in (joined, plain)]
    assert (queries[0] - queries[1]).abs().max() > 0.1


@pytest.mark.parametrize(
    ("name", "picture_size", "size"),
    [(FLUX, (225, 275), (80, 112)), (FLUX, (4000, 4000), (96, 96)), (QWEN, (1600, 900), (128, 64))],
)
def test_the_network_is_shown_an_area_it_can_hold_in_sides_it_can_divide(
    name: str, picture_size: tuple[int, int], size: tuple[int, int]
) -> None:
    settings = DiffusionSettings(backend=name, side=96)
    assert Editor(settings, families()[name]).size_for(*picture_size) == size


def test_a_host_without_a_package_is_told_which_and_how_to_get_it() -> None:
    family = replace(families()[FLUX], requires=("surely_not_there",))
    with pytest.raises(HostUnsuitableError, match="surely_not_there"):
        require_host(family, "atelier-edit")
