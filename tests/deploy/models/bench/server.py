"""The packaged Triton, started for a test."""

from __future__ import annotations

import socket
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import tritonclient.grpc as grpc
from atelier_models import home, triton
from atelier_models.progress import Silent
from tritonclient.utils import InferenceServerException

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECONDS_TO_START = 120


@contextmanager
def serving(repository: Path) -> Iterator[str]:
    """Serve a repository; yield HOST:PORT of its gRPC, whose metrics are at the next port."""
    if reason := triton.why_unsuitable():
        pytest.skip(f"Triton cannot run here: {reason}")
    port = _three_free_ports()
    install = triton.ensure_triton(home.default_home(), Silent())
    command, environment = triton.triton_command(install, repository, port - 1, port, port + 1)
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _await(server, f"127.0.0.1:{port}")
        yield f"127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(60)


def _await(server: subprocess.Popen[bytes], url: str) -> None:
    client, end = grpc.InferenceServerClient(url), time.monotonic() + SECONDS_TO_START
    while time.monotonic() < end and server.poll() is None:
        try:
            if client.is_server_ready():
                client.close()
                return
        except InferenceServerException:
            time.sleep(0.2)
    raise AssertionError(f"Triton did not start: {server.poll()}")


def _three_free_ports() -> int:
    """Return the middle one of three that nobody listens at."""
    for first in range(28610, 38610, 10):
        try:
            for port in range(first, first + 3):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first + 1
    raise AssertionError("no free ports")
