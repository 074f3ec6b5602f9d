"""The service as a process in the environment that has PyTorch: drawn with a checkpoint, and without one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from atelier.v1 import generate_pb2_grpc
from atelier_rpc.errors import from_rpc_error
from google.protobuf import json_format

from tests.services.generate.diffusion.conftest import WITHOUT_TORCH
from tests.services.generate.service.serving import models_folder, opened, wanted
from tests.services.kit.test_process import event

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCHNELL = "flux1-schnell"


@contextmanager
def service(home: Path, tmp_path: Path) -> Iterator[generate_pb2_grpc.GenerateServiceStub]:
    """Run the service of a home, whose models are the installed ones."""
    pytest.importorskip("torch", reason=WITHOUT_TORCH)
    if not (home / "models").exists():
        (home / "models").symlink_to(models_folder().absolute(), target_is_directory=True)
    env = {
        **os.environ,
        "ATELIER_GENERATOR": "diffusers",
        "ATELIER_GENERATOR_FAMILY": SCHNELL,
        "ATELIER_GENERATOR_SIDE": "64",
        "ATELIER_HOME": str(home),
        "ATELIER_STATE": str(tmp_path / "state"),
        "ATELIER_TRITON_URL": "",
        "ATELIER_LOG_STYLE": "json",
        "ATELIER_PLUGINS": "none",
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-W", "ignore", "-m", "atelier_generate"]
    with subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True) as running:
        try:
            address = f"127.0.0.1:{event(running, 'listening')['port']}"
            event(running, "ready")
            with grpc.insecure_channel(address) as channel:
                yield generate_pb2_grpc.GenerateServiceStub(channel)
        finally:
            running.kill()


def test_a_call_is_drawn_by_the_checkpoint_and_its_record_draws_it_again(home: Path, tmp_path: Path) -> None:
    with service(home, tmp_path) as stub:
        first, second = (
            list(stub.Generate(wanted(candidates=2, seed=seed, include_previews=True), timeout=300)) for seed in (7, 8)
        )
    kinds = [one.WhichOneof("event") for one in first]
    steps = [(one.progress.steps_done, one.progress.steps_total) for one in first if one.progress.stage == "denoise"]
    assert steps == [(step + 1, 8) for step in range(8)]
    assert kinds.count("preview") == 8
    assert kinds[-1] == "result"
    alone, again = ([one.candidate for one in told if one.HasField("candidate")] for told in (first, second))
    assert [one.seed for one in alone] == [7, 8]
    assert alone[1].image.content == again[0].image.content
    told = json_format.MessageToDict(first[-1].result.report.parameters)["backend"]
    assert (told["name"], told["family"], told["licence"]) == ("diffusers", SCHNELL, "Apache-2.0")
    assert len(told["checkpoint_sha256"]) == 64
    assert opened(alone[0].image).size == (816, 1024)
    assert any("enlarged to" in note for note in first[-1].result.report.notes)


def test_a_missing_checkpoint_is_an_answer_of_a_service_that_is_ready(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with service(home, tmp_path) as stub, pytest.raises(grpc.RpcError) as caught:
        list(stub.Generate(wanted(candidates=1, seed=1), timeout=60))
    failed: Any = caught.value
    error = from_rpc_error(failed)
    assert (error.status, error.reason) == ("FAILED_PRECONDITION", "MODEL_NOT_INSTALLED")
    assert error.metadata["command"] == f"atelier models pull {SCHNELL}"


def test_a_damaged_checkpoint_is_named_and_nothing_is_drawn(home: Path, tmp_path: Path) -> None:
    spoilt = tmp_path / "home"
    shutil.copytree(home / "checkpoints" / SCHNELL, spoilt / "checkpoints" / SCHNELL)
    weights = next((spoilt / "checkpoints" / SCHNELL / "transformer").glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:1000])
    with service(spoilt, tmp_path) as stub, pytest.raises(grpc.RpcError) as caught:
        list(stub.Generate(wanted(candidates=1, seed=1), timeout=120))
    failed: Any = caught.value
    error = from_rpc_error(failed)
    assert (error.status, error.reason, error.metadata["model"]) == ("FAILED_PRECONDITION", "MODEL_UNUSABLE", SCHNELL)
