"""Adjusting expressions through the client and the command, at a toy service."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from atelier.v1 import expression_pb2, expression_pb2_grpc, face_pb2, image_pb2, report_pb2
from atelier_client import Adjustment, AsyncAtelier, Atelier
from atelier_client.cli import atelier
from click.testing import CliRunner

from tests.gateway.client.toys import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import grpc


class Toy(expression_pb2_grpc.ExpressionServiceServicer):
    """Gives every picture back and remembers what was asked."""

    def __init__(self) -> None:
        self.asked: list[expression_pb2.ExpressionAdjustment] = []
        self.address = ""

    def Adjust(  # noqa: N802 - the RPC's name
        self, request: expression_pb2.AdjustRequest, _: grpc.ServicerContext
    ) -> expression_pb2.AdjustResponse:
        self.asked.append(request.adjustment)
        info = image_pb2.ImageInfo(width=40, height=50)
        return expression_pb2.AdjustResponse(image=request.image, report=report_pb2.Report(input=info, output=info))


@pytest.fixture
def toy() -> Iterator[Toy]:
    toy = Toy()
    with serving(partial(expression_pb2_grpc.add_ExpressionServiceServicer_to_server, toy)) as toy.address:
        yield toy


def test_a_name_asks_for_that_expression_alone(toy: Toy, portrait: Path) -> None:
    with Atelier(toy.address) as studio:
        studio.expression.adjust(portrait, "confident")

    assert toy.asked == [expression_pb2.ExpressionAdjustment(expression="confident")]


async def test_every_control_arrives_and_what_is_left_out_does_not(toy: Toy, portrait: Path) -> None:
    async with AsyncAtelier(toy.address) as studio:
        await studio.expression.adjust(portrait, Adjustment(smile=0.5, gaze_x_degrees=0.0, region="lips"))

    (asked,) = toy.asked
    assert asked.smile == 0.5
    assert asked.HasField("gaze_x_degrees")
    assert not asked.HasField("yaw_degrees")
    assert asked.region == face_pb2.REGION_LIPS


def test_sliders_of_fifty_reach_the_ends_of_the_controls() -> None:
    full = Adjustment.from_sliders(happiness=50, surprise=25, anger=-50, gaze=-50, head_direction=50)

    assert full == Adjustment(
        smile=1.0, brow_raise=0.5, eye_open=0.5, facial_tension=-1.0, gaze_x_degrees=-30.0, yaw_degrees=15.0
    )
    assert Adjustment.from_sliders(happiness=-50).smile == -0.3
    assert Adjustment.from_sliders().is_empty
    with pytest.raises(ValueError, match="anger is -50 to 50"):
        Adjustment.from_sliders(anger=51)


def test_the_command_takes_negative_angles_and_names(toy: Toy, portrait: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.png"
    controls = ["--expression", "calm", "--pitch", "-3", "--gaze-x", "-10", "--smile", "0.25", "--region", "face"]

    done = CliRunner().invoke(
        atelier, ["expression", str(portrait), "-o", str(target), "--address", toy.address, *controls]
    )

    assert done.exit_code == 0, done.output
    assert target.is_file()
    assert toy.asked == [
        expression_pb2.ExpressionAdjustment(
            expression="calm", pitch_degrees=-3, gaze_x_degrees=-10, smile=0.25, region=face_pb2.REGION_FACE
        )
    ]


@pytest.mark.parametrize("controls", [[], ["--smile", "2"], ["--pitch", "-16"], ["--region", "nose"]])
def test_a_command_line_that_asks_nothing_or_too_much_is_refused(portrait: Path, controls: list[str]) -> None:
    done = CliRunner().invoke(atelier, ["expression", str(portrait), "-o", str(portrait.with_name("o.png")), *controls])

    assert done.exit_code == 2
