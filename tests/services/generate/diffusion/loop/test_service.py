"""The service as a process beside the Triton of a local stack, which has its networks and the loop."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import grpc
import numpy as np
import pytest
from atelier.v1 import generate_pb2_grpc
from atelier_generate.backend import Drawn
from atelier_generate.diffusion.backend import DiffusersBackend
from atelier_generate.diffusion.settings import DiffusersSettings
from atelier_models import catalogue
from google.protobuf import json_format

from tests.services.generate.diffusion.conftest import Painting, events, pictures, sketch, steps
from tests.services.generate.diffusion.loop.conftest import backend_at, serving
from tests.services.generate.service.serving import models_folder, wanted
from tests.services.kit.test_process import event

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.services.generate.diffusion.loop.conftest import Server

SDXL, BASE = "sdxl", "atelier-base"
SHARE = 18  # of thirty steps, at the strength of 0.6
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def whole(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Triton with all models of the catalogue, and a loop that begins from pictures."""
    if not (home / "models").exists():
        (home / "models").symlink_to(models_folder().absolute(), target_is_directory=True)
    models, folder = catalogue.load().models.values(), tmp_path_factory.mktemp("whole")
    with serving(home, folder, SDXL, models=models, ATELIER_GENERATOR_BASE=BASE) as server:
        yield server


@contextmanager
def service(triton: str, home: Path, state: Path, side: int) -> Iterator[str]:
    """Run the service; return its address."""
    env = {
        **os.environ,
        "ATELIER_GENERATOR": "triton",
        "ATELIER_GENERATOR_FAMILY": SDXL,
        "ATELIER_GENERATOR_BASE": BASE,
        "ATELIER_GENERATOR_SIDE": str(side),
        "ATELIER_HOME": str(home),
        "ATELIER_STATE": str(state),
        "ATELIER_TRITON_URL": triton,
        "ATELIER_LOG_STYLE": "json",
        "ATELIER_PLUGINS": "none",
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-W", "ignore", "-m", "atelier_generate"]
    with subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True) as running:
        try:
            address = f"127.0.0.1:{event(running, 'listening')['port']}"
            event(running, "ready")
            yield address
        finally:
            running.kill()


def test_a_picture_that_is_begun_from_gives_the_same_bytes_as_in_process(whole: Server, home: Path) -> None:
    settings = DiffusersSettings(family_name=SDXL, home=home, device="cpu", side=64, base=BASE)
    expected = events(DiffusersBackend(settings, Painting(0.2)), sketch(5))
    told = events(backend_at(whole.url, home, SDXL, base=Painting(0.2)), sketch(5))
    light = events(backend_at(whole.url, home, SDXL, base=Painting(0.8)), sketch(5))
    assert steps(told) == [(step + 1, SHARE) for step in range(SHARE)]
    assert np.array_equal(pictures(told)[0], pictures(expected)[0])
    assert not np.array_equal(pictures(told)[0], pictures(light)[0])
    assert next(one for one in told if isinstance(one, Drawn)).notes[0] == "Painted."


def test_a_call_is_drawn_in_triton_and_its_record_says_by_what(whole: Server, home: Path, tmp_path: Path) -> None:
    before = whole.steps
    with service(whole.url, home, tmp_path / "state", 64) as address, grpc.insecure_channel(address) as channel:
        stub = generate_pb2_grpc.GenerateServiceStub(channel)
        told = list(stub.Generate(wanted(candidates=1, seed=7, include_previews=True), timeout=300))
    made = [(one.progress.steps_done, one.progress.steps_total) for one in told if one.progress.stage == "denoise"]
    assert made == [(step + 1, SHARE) for step in range(SHARE)]
    assert [one.WhichOneof("event") for one in told].count("preview") == SHARE
    # The rehearsal before the first preview makes one, which nobody is told of.
    assert whole.steps - before == SHARE
    record: Any = json_format.MessageToDict(told[-1].result.report.parameters)["backend"]
    assert (record["name"], record["family"], record["base"]["name"]) == ("triton", SDXL, BASE)
    assert len(record["checkpoint_sha256"]) == 64


def test_a_caller_of_the_service_that_leaves_stops_the_loop(whole: Server, home: Path, tmp_path: Path) -> None:
    with service(whole.url, home, tmp_path / "state", 512) as address, grpc.insecure_channel(address) as channel:
        before = whole.steps
        call = generate_pb2_grpc.GenerateServiceStub(channel).Generate(wanted(candidates=4, seed=7), timeout=300)
        assert next(one.progress.steps_done for one in call if one.progress.steps_done == 2) == 2
        call.cancel()
        # The third may be at work, and a fourth until the service has heard of it.
        assert 2 <= whole.steps_at_rest(base=BASE) - before <= 4
