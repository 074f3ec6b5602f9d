"""Upscaling through the client and the command, at a toy service that tells how far it is."""

from __future__ import annotations

import io
import json
from functools import partial
from typing import TYPE_CHECKING

import pytest
from atelier.v1 import image_pb2, report_pb2, upscale_pb2, upscale_pb2_grpc
from atelier_client import AsyncAtelier, Atelier, Progress
from atelier_client.cli import atelier
from click.testing import CliRunner
from PIL import Image

from tests.gateway.client.toys import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import grpc


class Toy(upscale_pb2_grpc.UpscaleServiceServicer):
    """Repeats pixels and counts two tiles."""

    def __init__(self) -> None:
        self.requests: list[upscale_pb2.UpscaleRequest] = []
        self.address = ""

    def Upscale(  # noqa: N802 - the RPC's name
        self, request: upscale_pb2.UpscaleRequest, _: grpc.ServicerContext
    ) -> Iterator[upscale_pb2.UpscaleResponse]:
        self.requests.append(request)
        for done in range(3):
            progress = report_pb2.Progress(stage="tile", steps_done=done, steps_total=2)
            yield upscale_pb2.UpscaleResponse(progress=progress)
        before = Image.open(io.BytesIO(request.image.content))
        larger = before.resize((before.width * 2, before.height * 2), Image.Resampling.NEAREST)
        buffer = io.BytesIO()
        larger.save(buffer, "PNG")
        sizes = [image_pb2.ImageInfo(width=each.width, height=each.height) for each in (before, larger)]
        report = report_pb2.Report(input=sizes[0], output=sizes[1])
        image = image_pb2.Image(content=buffer.getvalue())
        yield upscale_pb2.UpscaleResponse(result=upscale_pb2.UpscaleResult(image=image, report=report))


def width(path: Path) -> int:
    with Image.open(path) as image:
        return image.width


@pytest.fixture
def toy() -> Iterator[Toy]:
    toy = Toy()
    with serving(partial(upscale_pb2_grpc.add_UpscaleServiceServicer_to_server, toy)) as toy.address:
        yield toy


def test_a_picture_comes_back_larger_and_the_way_there_is_told(toy: Toy, picture: Path) -> None:
    told: list[Progress] = []
    with Atelier(toy.address) as studio:
        result = studio.upscale(picture, target="4K", on_progress=told.append)
    assert result.to_pil().width == 2 * width(picture)
    assert told == [Progress("tile", done, 2) for done in range(3)]


async def test_the_asynchronous_client_does_the_same(toy: Toy, picture: Path) -> None:
    told: list[Progress] = []
    async with AsyncAtelier(toy.address) as studio:
        await studio.upscale(picture, scale=3.0, fidelity=0.5, denoise=0.1, grain=0.2, seed=9, on_progress=told.append)
    sent = toy.requests[0].upscaling
    assert (sent.scale, sent.fidelity, sent.seed) == (3.0, 0.5, 9)
    assert len(told) == 3


def test_what_was_not_asked_for_is_not_sent(toy: Toy, picture: Path) -> None:
    with Atelier(toy.address) as studio:
        studio.upscale(picture)
    assert toy.requests[0].upscaling == upscale_pb2.Upscaling()


def test_two_sizes_at_once_are_refused_without_a_call(toy: Toy, picture: Path) -> None:
    with Atelier(toy.address) as studio, pytest.raises(ValueError, match="exclude each other"):
        studio.upscale(picture, target="4K", scale=2.0)
    assert toy.requests == []


def test_the_command_writes_picture_sheet_and_report(toy: Toy, picture: Path, tmp_path: Path) -> None:
    out, sheet, report = (tmp_path / name for name in ("out.png", "sheet.jpg", "report.json"))
    wanted = ["--target", "4K", "--fidelity", "0.5", "--compare", str(sheet), "--report", str(report)]
    done = CliRunner().invoke(atelier, ["upscale", str(picture), "-o", str(out), *wanted, "--address", toy.address])
    assert done.exit_code == 0, done.output
    assert width(out) == 2 * width(picture)
    assert width(sheet) > 1000
    assert json.loads(report.read_text())["output"]["width"] == width(out)
    assert (toy.requests[0].upscaling.target, toy.requests[0].upscaling.fidelity) == ("4K", 0.5)


def test_the_command_refuses_two_sizes(toy: Toy, picture: Path, tmp_path: Path) -> None:
    wanted = ["--target", "4K", "--scale", "2", "--address", toy.address]
    done = CliRunner().invoke(atelier, ["upscale", str(picture), "-o", str(tmp_path / "out.png"), *wanted])
    assert done.exit_code == 2
    assert "exclude each other" in done.output
