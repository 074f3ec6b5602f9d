"""What the loop fails with reaches the caller as what it is, and the server lives on."""

from __future__ import annotations

import shutil
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import pytest
from atelier_generate.backend import Drawn, Order, Step
from atelier_generate.brief import Frame
from atelier_generate.loop import easel, wire
from atelier_generate.loop.stream import Loop
from atelier_sdk.errors import (
    BackendDownError,
    DeviceMemoryError,
    MessageMalformedError,
    ModelNotInstalledError,
    ModelUnusableError,
)
from atelier_service.models.failures import InferenceFailedError

from tests.services.generate.diffusion.conftest import NoModels, events, pictures, sketch
from tests.services.generate.diffusion.loop.conftest import backend_at, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from atelier_generate.backend import Event

    from tests.services.generate.diffusion.loop.conftest import Server

SDXL, STEPS = "sdxl", 30
pytestmark = pytest.mark.filterwarnings("ignore")


def stub(server: Server) -> psutil.Process:
    """The process of Triton's Python backend that holds the checkpoint."""
    children = psutil.Process(server.process.pid).children(recursive=True)
    return next(child for child in children if "stub" in child.name())


@pytest.fixture(scope="module")
def spoilt(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Triton whose checkpoint draws, and whose decoder is that of latents of another kind.

    It is set up as in a container, with a bounded queue and classes.
    """
    import diffusers
    import torch

    own = tmp_path_factory.mktemp("spoilt")
    folder = own / "checkpoints" / SDXL
    shutil.copytree(home / "checkpoints" / SDXL, folder)
    torch.manual_seed(0)
    shape = diffusers.AutoencoderKL.load_config(folder / "vae")
    diffusers.AutoencoderKL.from_config({**shape, "latent_channels": 8}).save_pretrained(folder / "vae")
    with serving(own, own, SDXL, "cpu") as server:
        yield server


def test_two_at_once_get_each_their_own(sdxl: Server, home: Path) -> None:
    one = backend_at(sdxl.url, home, SDXL)
    drawn: dict[int, Drawn] = {}

    def draw(seed: int) -> None:
        drawn[seed] = next(event for event in events(one, sketch(seed)) if isinstance(event, Drawn))

    threads = [threading.Thread(target=draw, args=(seed,)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed in (1, 2):
        assert np.array_equal(drawn[seed].pixels, pictures(events(one, sketch(seed)))[0])
    assert not np.array_equal(drawn[1].pixels, drawn[2].pixels)


def test_too_little_memory_says_what_to_lower_and_the_same_process_draws_the_next(sdxl: Server, home: Path) -> None:
    before = stub(sdxl).pid
    side = 2**22  # its latents alone have four terabytes
    with pytest.raises(DeviceMemoryError) as raised:
        events(backend_at(sdxl.url, home, SDXL, side), sketch(frame=Frame(side, side)))
    assert (raised.value.status, raised.value.reason) == ("RESOURCE_EXHAUSTED", "DEVICE_MEMORY")
    assert f"lower ATELIER_GENERATOR_SIDE below {side}" in raised.value.message
    assert (raised.value.metadata["model"], raised.value.metadata["device"]) == (SDXL, "cpu")
    assert len(pictures(events(backend_at(sdxl.url, home, SDXL)))) == 1
    assert stub(sdxl).pid == before


def test_a_fault_half_way_is_told_after_the_steps_and_each_time_anew(spoilt: Server, home: Path) -> None:
    one = backend_at(spoilt.url, home, SDXL)
    for _ in range(2):
        told: list[Event] = []
        with pytest.raises(InferenceFailedError):
            told.extend(one.draw(Order((sketch(),)), NoModels(), lambda: None))
        assert told[-1] == Step(STEPS, STEPS)
        one.canary(NoModels())
    assert "drawing failed" in spoilt.log.read_text()
    assert spoilt.steps == 2 * STEPS


def test_a_process_that_dies_half_way_ends_the_call_and_the_canary_knows(spoilt: Server, home: Path) -> None:
    one = backend_at(spoilt.url, home, SDXL)
    one.canary(NoModels())
    drawing = one.draw(Order((sketch(frame=Frame(512, 512)),)), NoModels(), lambda: None)
    next(drawing)
    stub(spoilt).kill()
    with pytest.raises(BackendDownError):
        list(drawing)
    with pytest.raises(BackendDownError):
        one.canary(NoModels())


def test_a_service_that_is_set_up_otherwise_is_refused(sdxl: Server, home: Path) -> None:
    with pytest.raises(ModelUnusableError, match=r"was set up for.*sdxl.*and the service for.*flux1-schnell"):
        events(backend_at(sdxl.url, home, "flux1-schnell"))


def test_what_is_no_order_is_refused(sdxl: Server) -> None:
    for content in (np.zeros(5, np.uint8), wire.from_json({"terms": {}})):
        with pytest.raises(MessageMalformedError, match="no order for diffusion_loop"):
            list(Loop(sdxl.url).follow(content, lambda: None))


def test_a_triton_without_the_loop_is_told_with_the_command(
    sdxl: Server, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "MODEL", "another_loop")
    with pytest.raises(ModelNotInstalledError, match="ATELIER_GENERATOR=triton atelier models repository"):
        events(backend_at(sdxl.url, home, SDXL))


def test_a_triton_that_is_not_there_is_down(home: Path) -> None:
    one = backend_at("127.0.0.1:1", home, SDXL)
    for ask in (lambda: events(one), lambda: one.canary(NoModels())):
        with pytest.raises(BackendDownError):
            ask()


def test_the_canary_waits_for_nobody(sdxl: Server, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A drawing of half a minute, and a wait of half a second: no machine is done before the canary gives up.
    monkeypatch.setattr(easel, "_CANARY_SECONDS", 0.5)
    large = Order((sketch(frame=Frame(1024, 1024)),))
    drawing: Any = backend_at(sdxl.url, home, SDXL, 1024).draw(large, NoModels(), lambda: None)
    next(drawing)
    other = backend_at(sdxl.url, home, SDXL)
    other.canary(NoModels())
    assert "checkpoint_sha256" not in other.made_of
    drawing.close()
    sdxl.steps_at_rest()
    other.canary(NoModels())
    assert "checkpoint_sha256" in other.made_of
