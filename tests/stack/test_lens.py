"""`atelier lens` through the running gateway: what each wish does to a real portrait, and all that can be wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from atelier_client.cli import atelier
from atelier_lens.v1 import lens_pb2, lens_pb2_grpc
from click.testing import CliRunner
from PIL import Image

from tests.stack.calls import png, refused

if TYPE_CHECKING:
    from pathlib import Path

    import grpc
    from atelier.v1 import image_pb2
    from atelier_local.stack import Stack
    from click.testing import Result
    from numpy.typing import NDArray

CORNER = (slice(0, 60), slice(0, 60))  # of the astronaut: flag and wall behind her
EYES = (slice(90, 130), slice(200, 260))


@pytest.fixture(scope="module")
def lens(channel: grpc.Channel) -> lens_pb2_grpc.LensServiceStub:
    return lens_pb2_grpc.LensServiceStub(channel)  # type: ignore[no-untyped-call]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory, astronaut: NDArray[np.uint8]) -> Path:
    file = tmp_path_factory.mktemp("lens") / "in.png"
    Image.fromarray(astronaut).save(file)
    return file


class Command:
    """`atelier lens IN -o OUT` with options, at the stack's address."""

    def __init__(self, stack: Stack, source: Path, folder: Path) -> None:
        self._address, self._source, self._folder = stack.address, source, folder

    def run(self, *options: str) -> Result:
        out = ["-o", str(self._folder / "out.png"), "--report", str(self._folder / "report.json")]
        return CliRunner().invoke(atelier, ["lens", str(self._source), *out, *options, "--address", self._address])

    def drawn(self, *options: str) -> NDArray[np.uint8]:
        done = self.run(*options)
        assert done.exit_code == 0, done.stderr
        return np.asarray(Image.open(self._folder / "out.png"))

    @property
    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self._folder / "report.json").read_text())
        return found


@pytest.fixture
def command(stack: Stack, source: Path, tmp_path: Path) -> Command:
    return Command(stack, source, tmp_path)


def detail(pixels: NDArray[np.uint8]) -> float:
    return float(np.abs(np.diff(pixels.astype(float).mean(axis=2), axis=1)).mean())


def test_an_open_aperture_softens_the_background_and_keeps_the_eyes(
    command: Command, astronaut: NDArray[np.uint8]
) -> None:
    drawn = command.drawn("--aperture", "1.2", "--focal", "85")
    assert np.array_equal(drawn[EYES], astronaut[EYES])
    assert detail(drawn[CORNER]) < 0.5 * detail(astronaut[CORNER])
    assert command.report["parameters"]["focal_mm"] == 85
    longer = command.drawn("--aperture", "1.2", "--focal", "135", "--blades", "7")
    assert detail(longer[CORNER]) < detail(drawn[CORNER])


def test_backgrounds_are_replaced_and_blurred(command: Command, tmp_path: Path, astronaut: NDArray[np.uint8]) -> None:
    assert (command.drawn("--background", "#7a8c99")[CORNER] == (0x7A, 0x8C, 0x99)).all()
    wall = tmp_path / "wall.png"
    Image.new("RGB", (90, 40), (90, 60, 30)).save(wall)
    drawn = command.drawn("--background", str(wall))
    assert np.abs(drawn[CORNER].astype(int) - (90, 60, 30)).max() <= 1
    assert np.array_equal(drawn[EYES], astronaut[EYES])
    assert detail(command.drawn("--background", "blur")[CORNER]) < 0.5 * detail(astronaut[CORNER])


def test_another_perspective_moves_the_face_and_leaves_the_corner(
    command: Command, astronaut: NDArray[np.uint8]
) -> None:
    drawn = command.drawn("--focal", "35", "--taken-with", "85")
    assert not np.array_equal(drawn[EYES], astronaut[EYES])
    assert np.array_equal(drawn[CORNER], astronaut[CORNER])


def test_a_floor_that_a_lens_breaks_is_refused_or_kept_by_less_of_it(command: Command) -> None:
    wide = ("--focal", "24", "--taken-with", "200", "--identity-floor", "0.95")
    refusal = command.run(*wide)
    assert (refusal.exit_code, "IDENTITY_BELOW_FLOOR" in refusal.stderr) == (1, True)
    command.drawn(*wide, "--lower-strength")
    measures = {each["name"]: each.get("value", 0.0) for each in command.report["measures"]}
    assert measures["identity_similarity"] >= 0.95
    assert 0 < command.report["parameters"]["share_of_strength"] < 1


def test_every_fault_is_named_at_once(lens: lens_pb2_grpc.LensServiceStub, portrait: image_pb2.Image) -> None:
    broken = lens_pb2.Lens(focal_mm=10, aperture=0.1, blades=99, highlights=2, vignette=-1, background_m=0)
    refusal = refused(lens.Apply, lens_pb2.ApplyRequest(image=portrait, lens=broken, identity_floor=7))
    assert refusal.reason == "FIELD_OUT_OF_RANGE"
    assert {each.field for each in refusal.bad_request.field_violations} == {
        *(f"lens.{name}" for name in ("focal_mm", "aperture", "blades", "highlights", "vignette", "background_m")),
        "identity_floor",
    }
    folded = lens_pb2.Lens(distortion=lens_pb2.Distortion(k1=-0.3, k2=-0.1), background=lens_pb2.Background(adapt=0.5))
    refusal = refused(lens.Apply, lens_pb2.ApplyRequest(image=portrait, lens=folded))
    assert {each.field for each in refusal.bad_request.field_violations} == {
        *("lens.distortion.k1", "lens.distortion.k2", "lens.background.adapt")
    }


def test_what_needs_a_face_says_that_there_is_none(lens: lens_pb2_grpc.LensServiceStub) -> None:
    wall = png(np.full((300, 300, 3), 120, np.uint8))
    request = lens_pb2.ApplyRequest(image=wall, lens=lens_pb2.Lens(aperture=2.0))
    assert refused(lens.Apply, request).reason == "NO_FACE"
    request.lens.ClearField("aperture")
    request.lens.vignette = 1.0
    assert lens.Apply(request, timeout=60).image.content


def test_a_command_line_that_asks_for_nothing_or_nonsense_is_told_so(command: Command) -> None:
    for options, words in (
        ((), "Nothing to do"),
        (("--focal", "12"), "24<=x<=200"),
        (("--background", "no-such.jpg"), "no picture, no colour"),
        (("--blur", "0.5", "--aperture", "2"), "--blur goes with"),
    ):
        done = command.run(*options)
        assert (done.exit_code, words in done.stderr) == (2, True), done.stderr
