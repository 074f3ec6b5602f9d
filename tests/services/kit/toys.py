"""A toy capability on a real server on loopback, and what its tests share."""

# A toy has the signatures of a real servicer and uses little of them.
# ruff: noqa: ARG002

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import grpc
import numpy as np
import pytest
from atelier.v1 import image_pb2, report_pb2, style_pb2, style_pb2_grpc, upscale_pb2
from atelier_rpc.artifacts import ArtifactStore
from atelier_rpc.errors import from_rpc_error
from atelier_rpc.logs import Log
from atelier_sdk.capability import Capability, Limits
from atelier_sdk.errors import AtelierError, NoFaceError
from atelier_service.models.fake import FakeModels
from atelier_service.server import Server
from atelier_service.servicer import Preset, Servicer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from pathlib import Path

    from atelier_service.call import Call
    from atelier_service.models.backend import Arrays, ModelBackend
    from atelier_service.plugins import Plugins

SECRET = "the caller's secret"  # noqa: S105 (a text to look for)
PIXEL = b"\x89PNG not really"


def double(inputs: object) -> Arrays:
    """Answer as a model that doubles."""
    assert isinstance(inputs, dict)
    return {"y": 2 * inputs["x"]}


@dataclass
class Toy(Servicer):
    """A style service whose presets are what happens: `echo`, `model`, `wait`, `crash`, `no face`."""

    version = "9.9.9"
    started: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    stopped: list[str] = field(default_factory=list)
    canaries: int = 0
    fault: Exception | None = None

    def presets(self) -> tuple[Preset, ...]:
        return (Preset("grade", "echo", "Nothing happens."),)

    def grade(self, request: style_pb2.GradeRequest, call: Call) -> style_pb2.GradeResponse:
        data = call.load(request.image)
        getattr(self, f"_{request.grade.preset.replace(' ', '_') or 'echo'}")(call)
        call.notes.append(f"{len(data)} bytes")
        report = call.report(parameters={"preset": request.grade.preset, "seed": 2**60})
        return style_pb2.GradeResponse(image=image_pb2.Image(content=data), report=report)

    def grain(self, request: style_pb2.GrainRequest, call: Call) -> style_pb2.GrainResponse:
        return style_pb2.GrainResponse(report=call.report(parameters={"seconds": call.remaining_seconds()}))

    def skin_tone(self, request: style_pb2.SkinToneRequest, call: Call) -> style_pb2.SkinToneResponse:
        return style_pb2.SkinToneResponse()

    def apply(self, request: style_pb2.ApplyRequest, call: Call) -> style_pb2.ApplyResponse:
        return style_pb2.ApplyResponse()

    def canary(self, call: Call) -> None:
        self.canaries += 1
        if self.fault is not None:
            raise self.fault
        answer = call.models.infer("doubler", {"x": np.ones((1, 2), np.float32)})
        assert answer["y"].tolist() == [[2.0, 2.0]]

    def _echo(self, call: Call) -> None:
        """Do nothing."""

    def _model(self, call: Call) -> None:
        with call.stage("operate"):
            call.models.infer("doubler", {"x": np.ones((1, 2), np.float32)})

    def _wait(self, call: Call) -> None:
        """Work in stages until released or stopped."""
        self.started.set()
        try:
            while not self.released.wait(0.01):
                with call.stage("operate"):
                    pass
        except AtelierError as error:
            self.stopped.append(type(error).__name__)
            raise

    def _slow(self, call: Call) -> None:
        """Take a second, and say when it begins."""
        Log("toy").info("slow work begins")
        time.sleep(1.0)

    def _stubborn(self, call: Call) -> None:
        """Work without ever asking whether to stop."""
        self.started.set()
        self.released.wait(10)
        self.stopped.append("done")

    def _crash(self, call: Call) -> None:
        raise ValueError(f"{SECRET} {PIXEL!r}")

    def _no_face(self, call: Call) -> None:
        raise NoFaceError("No face was found.", metadata={"faces": "0"})


@dataclass
class ToyStream(Servicer):
    """An enlarger that reports one progress a tile."""

    tiles: int = 3
    begun: int = 0
    closed: threading.Event = field(default_factory=threading.Event)
    gate: threading.Event = field(default_factory=threading.Event)

    def upscale(self, request: upscale_pb2.UpscaleRequest, call: Call) -> Iterator[upscale_pb2.UpscaleResponse]:
        try:
            for step in range(self.tiles):
                call.check()
                self.begun += 1
                yield upscale_pb2.UpscaleResponse(progress=report_pb2.Progress(steps_done=step))
                self.gate.wait(0.02)
            yield upscale_pb2.UpscaleResponse(result=upscale_pb2.UpscaleResult(report=call.report(parameters={})))
        finally:
            self.closed.set()

    def canary(self, call: Call) -> None:
        """Find nothing wrong."""


@dataclass(frozen=True)
class Running:
    """A running toy."""

    server: Server
    channel: grpc.aio.Channel
    store: ArtifactStore

    @property
    def style(self) -> style_pb2_grpc.StyleServiceAsyncStub:
        return style_pb2_grpc.StyleServiceStub(self.channel)


def capability(service: str = "atelier.v1.StyleService", **limits: float) -> Capability:
    """Declare the toy."""
    return Capability(
        name="toy",
        service=service,
        description="A toy.",
        descriptors=b"",
        command=("true",),
        models=("doubler", "absent"),
        limits=Limits(**limits),  # type: ignore[arg-type]
    )


@asynccontextmanager
async def running(
    toy: Servicer,
    tmp_path: Path,
    *,
    backend: ModelBackend | None = None,
    declared: Capability | None = None,
    uri_hosts: tuple[str, ...] = (),
    canary_seconds: float = 30.0,
    plugins: Plugins | None = None,
) -> AsyncIterator[Running]:
    """Run a toy on loopback."""
    store = ArtifactStore.from_url((tmp_path / "artifacts").as_uri())
    server = Server(
        declared or capability(),
        toy,
        backend=backend or FakeModels({"doubler": double}),
        store=store,
        uri_hosts=uri_hosts,
        canary_seconds=canary_seconds,
        plugins=plugins,
    )
    port = await server.start("127.0.0.1:0")
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        try:
            yield Running(server, channel, store)
        finally:
            await server.drain(0.2)


def request(preset: str = "echo", content: bytes = PIXEL, **fields: object) -> style_pb2.GradeRequest:
    """Make a request whose preset is what happens."""
    image = image_pb2.Image(content=content)
    return style_pb2.GradeRequest(image=image, grade=style_pb2.Grade(preset=preset), **fields)  # type: ignore[arg-type]


async def refusal(call: Awaitable[object]) -> AtelierError:
    """Expect a call to fail and return its error."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return from_rpc_error(caught.value)


async def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait for something that happens elsewhere."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        await asyncio.sleep(0.01)
