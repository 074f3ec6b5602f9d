"""The realism critic behind the gateway: its command, and its measures in another service's report."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from atelier.v1 import image_pb2, style_pb2
from atelier_client.cli import atelier
from click.testing import CliRunner
from PIL import Image

from tests.stack.calls import png

if TYPE_CHECKING:
    from pathlib import Path

    from atelier.v1 import style_pb2_grpc
    from atelier_local.stack import Stack
    from click.testing import Result
    from numpy.typing import NDArray


@pytest.fixture
def picture(tmp_path: Path, astronaut: NDArray[np.uint8]) -> Path:
    path = tmp_path / "in.png"
    Image.fromarray(astronaut).save(path)
    return path


@pytest.fixture
def soft(tmp_path: Path, astronaut: NDArray[np.uint8]) -> Path:
    """The same portrait, out of focus."""
    path = tmp_path / "soft.png"
    Image.fromarray(np.asarray(cv2.GaussianBlur(astronaut, (0, 0), 2.0), np.uint8)).save(path)
    return path


def run(stack: Stack, *arguments: object) -> Result:
    return CliRunner().invoke(atelier, ["inspect", *map(str, arguments), "--address", stack.address])


def by_name(said: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {finding["measure"]["name"]: finding for finding in said["critique"]["findings"]}


def test_a_photograph_looks_real_through_the_gateway(stack: Stack, picture: Path) -> None:
    result = run(stack, picture, "--json")
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert said["critique"]["verdict"] == "VERDICT_PASS"
    assert {"reads_female", "no_glasses"} <= {*said["critique"]["classes"]}
    assert by_name(said)["fine_detail"]["measure"]["verdict"] == "VERDICT_PASS"


def test_what_became_of_a_source_is_told_and_drawn(stack: Stack, picture: Path, soft: Path) -> None:
    target = picture.with_name("evidence.jpg")
    result = run(stack, soft, "--source", picture, "--annotate", target, "--json")
    said = json.loads(result.stdout)
    assert by_name(said)["fine_detail"]["measure"]["verdict"] == "VERDICT_FAIL"
    differences = said["critique"]["differences"]
    assert [each["name"] for each in differences] == ["texture_ratio"] * 3 + ["skin_delta_e"]
    assert 0 < differences[-1]["value"] < 5
    with Image.open(target) as drawn:
        assert (drawn.format, drawn.height) == ("JPEG", 1000)


def test_people_get_a_table(stack: Stack, picture: Path, soft: Path) -> None:
    result = run(stack, soft, "--source", picture)
    assert "blurred or painted" in " ".join(result.output.split())
    assert "skin_delta_e" in result.output


def test_another_service_reports_what_the_critic_says(
    style: style_pb2_grpc.StyleServiceStub, portrait: image_pb2.Image, astronaut: NDArray[np.uint8]
) -> None:
    asked = image_pb2.OutputOptions(measures=["critique"])
    soft = png(np.asarray(cv2.GaussianBlur(astronaut, (0, 0), 2.0), np.uint8))
    scores = []
    for image in (portrait, soft):
        measures = style.Apply(style_pb2.ApplyRequest(image=image, output=asked), timeout=120).report.measures
        known = {measure.name: measure for measure in measures}
        assert "critique" not in known, known["critique"].explanation
        assert {"realism", "fine_detail", "skin_texture", "head_pose_yaw"} <= {*known}
        scores.append(known["realism"].value)
    assert scores[0] > scores[1] + 0.1
