"""A service as a process: settings, the line that says where it listens, the drained end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest
from atelier.v1 import style_pb2_grpc
from atelier_rpc.settings import SettingsError, read, table
from atelier_service.settings import ServiceSettings

from tests.services.kit.models.doubler import install
from tests.services.kit.toys import PIXEL, request

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[3]
COMMAND = [sys.executable, "-m", "tests.services.kit.toy_process"]


@contextmanager
def process(home: Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Run the toy as a process, with its models in `home`."""
    install(home / "models")
    env = {
        **os.environ,
        "ATELIER_HOME": str(home),
        "ATELIER_TRITON_URL": "",
        "ATELIER_LOG_STYLE": "json",
        **environment,
    }
    with subprocess.Popen(COMMAND, cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True) as running:
        yield running
        running.kill()


def event(running: subprocess.Popen[str], name: str) -> dict[str, object]:
    """Read log lines until that event."""
    assert running.stderr is not None
    for line in running.stderr:
        if not line.startswith("{"):
            continue  # gRPC's core complains on its own when it cannot bind
        said: dict[str, object] = json.loads(line)
        if said["event"] == name:
            return said
    raise AssertionError(f"the process ended without the event {name}")


def test_a_process_serves_until_it_is_told_to_stop_and_finishes_its_calls(tmp_path: Path) -> None:
    with process(tmp_path) as running:
        port = event(running, "listening")["port"]
        event(running, "ready")
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            style = style_pb2_grpc.StyleServiceStub(channel)
            answer = style.Grade(request("model"), timeout=60)
            pending = style.Grade.future(request("slow"), timeout=60)
            event(running, "slow work begins")
            running.send_signal(signal.SIGTERM)
            assert pending.result().image.content == PIXEL
        event(running, "stopped")
        assert running.wait(60) == 0
    assert [(use.name, use.executor) for use in answer.report.models] == [("doubler", "in-process/onnxruntime")]


def test_a_bad_setting_stops_the_start_and_names_its_variable(tmp_path: Path) -> None:
    with process(tmp_path, ATELIER_DRAIN_SECONDS="soon") as running:
        assert running.stderr is not None
        assert "ATELIER_DRAIN_SECONDS" in running.stderr.read()
        assert running.wait(60) == 2


def test_a_face_encoder_that_nobody_knows_stops_the_start(tmp_path: Path) -> None:
    with process(tmp_path, ATELIER_FACE_ENCODER="nobody") as running:
        assert running.stderr is not None
        assert "ATELIER_FACE_ENCODER: there is no face encoder nobody" in running.stderr.read()
        assert running.wait(60) == 2


def test_an_address_that_is_taken_stops_the_start_and_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with process(tmp_path, ATELIER_LISTEN=f"127.0.0.1:{taken.getsockname()[1]}") as running:
            said = event(running, "cannot start")
            assert running.wait(60) == 2
    assert str(said["error_text"]).startswith("ATELIER_LISTEN: cannot listen on 127.0.0.1:")


def test_a_host_that_is_none_is_refused_by_its_variable() -> None:
    with pytest.raises(SettingsError, match=r"^ATELIER_URI_HOSTS: 'ftp://images\.example' is neither"):
        read(ServiceSettings, {"ATELIER_URI_HOSTS": "images.example, ftp://images.example"})


def test_the_manual_has_the_table_of_settings() -> None:
    assert table(ServiceSettings) in (ROOT / "docs/40-services.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("environment", "models", "artifacts"),
    [
        ({"ATELIER_HOME": "/h"}, "/h/models", "file:///h/run/artifacts"),
        ({"ATELIER_HOME": "/h", "ATELIER_STATE": "/s"}, "/h/models", "file:///s/artifacts"),
        ({"ATELIER_HOME": "/h", "ATELIER_ARTIFACTS_URL": "s3://b/a"}, "/h/models", "s3://b/a"),
    ],
)
def test_folders_follow_home_and_state(environment: dict[str, str], models: str, artifacts: str) -> None:
    settings = read(ServiceSettings, environment)
    assert (str(settings.models_folder), settings.artifacts_url) == (models, artifacts)
