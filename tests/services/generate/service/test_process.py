"""The service as a process: what a caller that dies leaves behind, and what a process that dies leaves its caller."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest
from atelier.v1 import generate_pb2_grpc
from atelier_generate.settings import GenerateSettings
from atelier_rpc.settings import SettingsError, read, table

from tests.services.generate.service.process import STEP_SECONDS, STEPS_FILE
from tests.services.generate.service.serving import models_folder, wanted
from tests.services.kit.test_process import event

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[4]
CALLER = """
import sys, grpc
from atelier.v1 import generate_pb2, generate_pb2_grpc
stub = generate_pb2_grpc.GenerateServiceStub(grpc.insecure_channel(sys.argv[1]))
request = generate_pb2.GenerateRequest(generation={"direction": {"mood": "calm"}, "candidates": 8})
for _ in stub.Generate(request, timeout=60):
    print("heard", flush=True)
"""


@contextmanager
def process(steps: Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Run the service with the tests' backend and the installed models."""
    env = {
        **os.environ,
        "ATELIER_HOME": str(models_folder().parent),
        "ATELIER_STATE": str(steps.parent / "state"),
        "ATELIER_TRITON_URL": "",
        "ATELIER_LOG_STYLE": "json",
        STEPS_FILE: str(steps),
        **environment,
    }
    command = [sys.executable, "-m", "tests.services.generate.service.process"]
    with subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True) as running:
        yield running
        running.kill()


def count(steps: Path) -> int:
    return steps.stat().st_size if steps.exists() else 0


def test_a_caller_that_is_killed_stops_the_work_within_one_step(tmp_path: Path) -> None:
    steps = tmp_path / "steps"
    with process(steps) as running:
        address = f"127.0.0.1:{event(running, 'listening')['port']}"
        event(running, "ready")
        with subprocess.Popen([sys.executable, "-c", CALLER, address], stdout=subprocess.PIPE, text=True) as caller:
            assert caller.stdout is not None
            for _ in range(3):
                assert caller.stdout.readline() == "heard\n"
            caller.send_signal(signal.SIGKILL)
            caller.wait()
        killed = count(steps)
        time.sleep(10 * STEP_SECONDS)
        # One step is at work when the caller dies, and one more may begin until the connection's end arrives.
        assert count(steps) - killed <= 2
        with grpc.insecure_channel(address) as channel:
            events = generate_pb2_grpc.GenerateServiceStub(channel).Generate(wanted(candidates=1, seed=1), timeout=30)
            assert next(events).progress.stage == "denoise"


def test_a_process_that_is_killed_in_mid_call_ends_the_call_at_once(tmp_path: Path) -> None:
    with process(tmp_path / "steps") as running:
        address = f"127.0.0.1:{event(running, 'listening')['port']}"
        event(running, "ready")
        with grpc.insecure_channel(address) as channel:
            events = generate_pb2_grpc.GenerateServiceStub(channel).Generate(wanted(candidates=8, seed=1), timeout=60)
            next(events)
            running.kill()
            with pytest.raises(grpc.RpcError) as caught:
                list(events)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


def test_the_page_has_the_table_of_settings() -> None:
    assert table(GenerateSettings) in (ROOT / "docs/75-generate.md").read_text(encoding="utf-8")


def test_a_generator_that_nobody_knows_is_refused_by_its_variable() -> None:
    with pytest.raises(SettingsError, match=r"^ATELIER_GENERATOR: "):
        read(GenerateSettings, {"ATELIER_GENERATOR": "crayons"})
