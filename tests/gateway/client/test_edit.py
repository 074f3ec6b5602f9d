"""Light and facial detail through the client and the commands, at a toy service; rigs in files."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from atelier.v1 import edit_pb2, edit_pb2_grpc, image_pb2, light_pb2, report_pb2
from atelier_client import AsyncAtelier, Atelier, Enhancement, Lamp, LightRig, Relighting
from atelier_client.cli import atelier
from atelier_client.rig_file import RigFileError, read_rig
from click.testing import CliRunner

from tests.gateway.client.toys import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import grpc
    from click.testing import Result


class Toy(edit_pb2_grpc.EditServiceServicer):
    """Gives every picture back and remembers what was asked."""

    def __init__(self) -> None:
        self.lights: list[edit_pb2.Relighting] = []
        self.details: list[edit_pb2.Enhancement] = []
        self.floors: list[float] = []
        self.address = ""

    def Relight(self, request: edit_pb2.RelightRequest, _: grpc.ServicerContext) -> edit_pb2.RelightResponse:  # noqa: N802
        self.lights.append(request.relighting)
        self.floors.append(request.identity_floor)
        return edit_pb2.RelightResponse(image=request.image, report=_report())

    def Enhance(self, request: edit_pb2.EnhanceRequest, _: grpc.ServicerContext) -> edit_pb2.EnhanceResponse:  # noqa: N802
        self.details.append(request.enhancement)
        return edit_pb2.EnhanceResponse(image=request.image, report=_report())


def _report() -> report_pb2.Report:
    info = image_pb2.ImageInfo(width=40, height=50)
    return report_pb2.Report(input=info, output=info)


@pytest.fixture
def toy() -> Iterator[Toy]:
    toy = Toy()
    with serving(partial(edit_pb2_grpc.add_EditServiceServicer_to_server, toy)) as toy.address:
        yield toy


def run(toy: Toy, *arguments: object) -> Result:
    return CliRunner().invoke(atelier, [*map(str, arguments), "--address", toy.address])


def rig_of(folder: Path, text: str) -> LightRig:
    path = folder / "rig.yaml"
    path.write_text(text, encoding="utf-8")
    return read_rig(path)


def test_a_name_asks_for_that_pattern_alone(toy: Toy, portrait: Path) -> None:
    with Atelier(toy.address) as studio:
        studio.edit.relight(portrait, "rembrandt")

    assert toy.lights == [edit_pb2.Relighting(pattern="rembrandt")]


async def test_lamps_arrive_as_they_are_set_up(toy: Toy, portrait: Path) -> None:
    rig = LightRig(key=Lamp(azimuth_degrees=-40, kelvin=5200), rim=Lamp(intensity=0.8), ratio=4)
    async with AsyncAtelier(toy.address) as studio:
        await studio.edit.relight(portrait, rig)

    (light,) = toy.lights
    assert light.rig.key == light_pb2.Lamp(azimuth_degrees=-40, kelvin=5200)
    assert (light.rig.HasField("fill"), light.rig.HasField("rim"), light.rig.ratio) == (False, True, 4)


def test_everything_that_can_be_said_of_a_light_arrives(toy: Toy, portrait: Path) -> None:
    asked = Relighting(
        match=portrait, side="right", ratio=3, softness=0, kelvin=3200, strength=0.5, preserve_detail=0.75,
        preserve_color=0.25, finish="dewy", background_falloff=0, background_warmth=-0.5,
    )  # fmt: skip
    with Atelier(toy.address) as studio:
        studio.edit.relight(portrait, asked)

    (light,) = toy.lights
    assert light.reference.content == portrait.read_bytes()
    assert (light.side, light.ratio, light.kelvin, light.finish) == (light_pb2.LIGHT_SIDE_RIGHT, 3, 3200, "dewy")
    # Zero is a wish; left out is the light's own.
    assert light.HasField("softness")
    assert light.HasField("background_falloff")
    assert (light.strength, light.preserve_detail, light.preserve_color) == (0.5, 0.75, 0.25)
    assert light.background_warmth == -0.5


def test_two_sources_of_light_are_refused_before_anything_is_sent(toy: Toy, portrait: Path) -> None:
    with Atelier(toy.address) as studio, pytest.raises(ValueError, match="pattern and rig exclude each other"):
        studio.edit.relight(portrait, Relighting(pattern="loop", rig=LightRig()))
    assert toy.lights == []


def test_detail_that_is_left_out_is_the_services_own(toy: Toy, portrait: Path) -> None:
    with Atelier(toy.address) as studio:
        studio.edit.enhance(portrait)
        studio.edit.enhance(portrait, Enhancement(skin_detail=0, eyes=40, mode="flexible"))

    assert toy.details[0] == edit_pb2.Enhancement()
    mode = edit_pb2.ENHANCEMENT_MODE_FLEXIBLE
    assert toy.details[1] == edit_pb2.Enhancement(skin_detail=0, eyes=40, mode=mode)


def test_the_command_relights_by_a_file_of_lamps(toy: Toy, portrait: Path, tmp_path: Path) -> None:
    rig = tmp_path / "rig.yaml"
    rig.write_text("key: {azimuth_degrees: 30}\nrim:\nratio: 4\n")
    out = tmp_path / "out.png"
    result = run(toy, "relight", portrait, "-o", out, "--rig", rig, "--strength", 0.5, "--identity-floor", 0.5)

    assert result.exit_code == 0, result.output
    assert out.exists()
    (light,) = toy.lights
    assert (light.rig.key.azimuth_degrees, light.rig.HasField("rim"), light.strength) == (30, True, 0.5)
    assert toy.floors == [0.5]


def test_the_command_writes_a_sheet_and_a_report(toy: Toy, portrait: Path, tmp_path: Path) -> None:
    sheet, report = tmp_path / "sheet.jpg", tmp_path / "report.json"
    result = run(
        toy, "relight", portrait, "-o", tmp_path / "out.png", "--pattern", "window", "--mood", "studio",
        "--compare", sheet, "--report", report,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert sheet.exists()
    assert report.exists()
    assert (toy.lights[0].pattern, toy.lights[0].mood) == ("window", "studio")


def test_the_command_enhances_a_folder(toy: Toy, portrait: Path, tmp_path: Path) -> None:
    folder = tmp_path / "shoot"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        (folder / name).write_bytes(portrait.read_bytes())
    result = run(toy, "enhance", folder, "-o", tmp_path / "crisp", "--eyes", 40, "--smart-grain", 0)

    assert result.exit_code == 0, result.output
    assert "2 of 2 pictures done" in result.stderr
    assert {(one.eyes, one.smart_grain, one.HasField("lips")) for one in toy.details} == {(40, 0, False)}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), "Nothing to do"),
        (("--strength", "0.5"), "Nothing to do"),
        (("--pattern", "loop", "--reference", "IN"), "--pattern and --reference exclude each other"),
        (("--pattern", "loop", "--ratio", "0.5"), "0.5 is not in the range 1<=x<=16"),
        (("--rig", "missing.yaml"), "does not exist"),
    ],
)
def test_a_wrong_command_line_is_told_what_to_do(
    toy: Toy, portrait: Path, tmp_path: Path, options: tuple[str, ...], expected: str
) -> None:
    given = [str(portrait) if option == "IN" else option for option in options]
    result = run(toy, "relight", portrait, "-o", tmp_path / "out.png", *given)
    assert result.exit_code == 2
    assert expected in " ".join(result.output.split())
    assert toy.lights == []


def test_the_command_names_the_key_of_a_rig_that_is_wrong(toy: Toy, portrait: Path, tmp_path: Path) -> None:
    rig = tmp_path / "rig.yaml"
    rig.write_text("key: {azimut: 30}\n")
    result = run(toy, "relight", portrait, "-o", tmp_path / "out.png", "--rig", rig)
    assert result.exit_code == 2
    assert "there is no key key.azimut; is azimuth_degrees meant?" in " ".join(result.output.split())


def test_a_rig_file_may_leave_everything_out(tmp_path: Path) -> None:
    assert rig_of(tmp_path, "ratio: 2.5\n") == LightRig(ratio=2.5)
    assert rig_of(tmp_path, "key:\nfill: {}\n") == LightRig(fill=Lamp())


def test_everything_that_is_wrong_with_a_rig_file_is_named_at_once(tmp_path: Path) -> None:
    text = "kay: {}\nkey: {kelvin: warm, softnes: 1}\nrim: 5\nratio: true\n"
    with pytest.raises(RigFileError) as refused:
        rig_of(tmp_path, text)
    told = str(refused.value)
    for expected in (
        "there is no key kay; is key meant?",
        "key.kelvin is a number, not 'warm'",
        "there is no key key.softnes; is softness meant?",
        "rim is a lamp with keys such as azimuth_degrees, not 5",
        "ratio is a number, not True",
    ):
        assert expected in told


@pytest.mark.parametrize("text", ["", "[1, 2]", "just words"])
def test_a_file_that_is_no_rig_is_told_which_keys_one_has(tmp_path: Path, text: str) -> None:
    with pytest.raises(RigFileError, match="key, fill, rim, ambient, ratio"):
        rig_of(tmp_path, text)


def test_a_file_that_is_no_yaml_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(RigFileError, match="line 2"):
        rig_of(tmp_path, "key: {}\n\tratio: 4\n")
