"""The real Triton with the denoising loop, and backends that draw in it."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import time
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from atelier_generate.diffusion.settings import DiffusersSettings
from atelier_generate.loop import TritonBackend, wire
from atelier_generate.loop.stream import Loop
from atelier_models import triton
from atelier_models.home import default_home
from atelier_models.loop import configured
from atelier_models.progress import Silent
from atelier_models.repository import write_repository
from tritonclient.grpc import service_pb2, service_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from atelier_models.catalogue import Model
    from atelier_models.targets import Target

    from tests.services.generate.diffusion.conftest import Painting

START_SECONDS = 400


@dataclass(frozen=True)
class Server:
    """A Triton that serves the loop."""

    process: subprocess.Popen[bytes]
    url: str
    metrics: str
    log: Path

    @property
    def steps(self) -> int:
        """How many steps the loop has made since it was started."""
        with urllib.request.urlopen(self.metrics, timeout=10) as page:  # noqa: S310 (http to itself)
            found = re.search(r"^atelier_denoising_steps_total\{.*\} (\d+)$", page.read().decode(), re.MULTILINE)
        return int(found[1]) if found else 0

    def steps_at_rest(self, base: str = "none") -> int:
        """How many steps it has made once nothing is left to do: a question is answered after all that came before."""
        question = wire.order(wire.terms(DiffusersSettings(family_name="sdxl", base=base)))
        assert len(list(Loop(self.url).follow(question, lambda: None))) == 1
        return self.steps


def backend_at(url: str, home: Path, name: str, side: int = 64, base: Painting | None = None) -> TritonBackend:
    begins: dict[str, Any] = {"base": "atelier-base"} if base else {}
    return TritonBackend(DiffusersSettings(family_name=name, home=home, side=side, **begins), url, base)


@contextlib.contextmanager
def serving(
    home: Path, folder: Path, family: str, target: Target = "local", models: Iterable[Model] = (), **more: str
) -> Iterator[Server]:
    """Serve a family's checkpoint of a home, and models of it, by the packaged Triton, in this environment."""
    if reason := triton.why_unsuitable():
        pytest.skip(f"Triton cannot run here: {reason}")
    asked = {"ATELIER_GENERATOR": "triton", "ATELIER_GENERATOR_FAMILY": family, "ATELIER_GENERATOR_DEVICE": "cpu"}
    loop = configured({**asked, **more}, "local", home)
    repository = write_repository(models, home, target, loop=loop)
    ports = _free_ports(3)
    command, environment = triton.triton_command(triton.ensure_triton(default_home(), Silent()), repository, *ports)
    log = folder / "triton.log"
    with log.open("wb") as file:
        # One thread, as in the tests' own process: with others, sums are taken in another order.
        process = subprocess.Popen(command, env={**environment, "OMP_NUM_THREADS": "1"}, stdout=file, stderr=file)
    server = Server(process, f"127.0.0.1:{ports[1]}", f"http://127.0.0.1:{ports[2]}/metrics", log)
    try:
        _wait(server)
        yield server
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture(scope="session")
def sdxl(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Triton with a tiny Stable Diffusion XL: thirty steps, and words that are not to be seen."""
    with serving(home, tmp_path_factory.mktemp("sdxl"), "sdxl") as server:
        yield server


def _wait(server: Server) -> None:
    until = time.monotonic() + START_SECONDS
    with grpc.insecure_channel(server.url) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        while time.monotonic() < until and server.process.poll() is None:
            with contextlib.suppress(grpc.RpcError):
                if stub.ModelReady(service_pb2.ModelReadyRequest(name=wire.MODEL), timeout=5).ready:
                    return
            time.sleep(0.2)
    pytest.fail(f"Triton did not start: {server.log.read_text(errors='replace')[-3000:]}")


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
