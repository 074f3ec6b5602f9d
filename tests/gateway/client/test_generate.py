"""Generating through the client and the command, at a toy service that draws squares of one colour."""

# ruff: noqa: ARG002 (the toy has the signatures of a real service)

from __future__ import annotations

import hashlib
import io
import json
from functools import partial
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from atelier.v1 import generate_pb2, generate_pb2_grpc, identity_pb2, image_pb2, report_pb2
from atelier_client import AsyncAtelier, Atelier, PictureError
from atelier_client.again import Record
from atelier_client.cli import atelier
from atelier_client.commands.live import half_blocks, waiting
from click.testing import CliRunner
from google.protobuf import json_format
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.gateway.client.toys import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from atelier_client.generate import Candidate, Generated, Preview
    from atelier_client.upscale import Progress


ADA = "00000000-0000-4000-8000-00000000ada0"


def people(server: grpc.Server) -> None:
    """Serve a list of profiles that knows Ada alone."""
    listed = identity_pb2.ListProfilesResponse(profiles=[identity_pb2.Profile(id=ADA, display_name="ada")])
    handler: grpc.RpcMethodHandler[Any, Any] = grpc.unary_unary_rpc_method_handler(
        lambda _request, _context: listed, response_serializer=identity_pb2.ListProfilesResponse.SerializeToString
    )
    service = identity_pb2.DESCRIPTOR.services_by_name["IdentityService"].full_name
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, {"ListProfiles": handler})])


class Toy(generate_pb2_grpc.GenerateServiceServicer):
    """Draws a square whose grey is the seed, ranks the last first, and can become another version of itself."""

    def __init__(self) -> None:
        self.requests: list[generate_pb2.GenerateRequest] = []
        self.address = ""
        self.version = "1"

    def Generate(  # noqa: N802 - the RPC's name
        self, request: generate_pb2.GenerateRequest, _: grpc.ServicerContext
    ) -> Iterator[generate_pb2.GenerateResponse]:
        self.requests.append(request)
        seeds = [request.generation.seed + count for count in range(request.generation.candidates or 4)]
        waits = report_pb2.Progress(stage="queued", queue_position=3, queue_seconds=20.6)
        yield generate_pb2.GenerateResponse(progress=waits)
        for index, seed in enumerate(seeds):
            progress = report_pb2.Progress(stage="denoise", steps_done=index + 1, steps_total=len(seeds))
            yield generate_pb2.GenerateResponse(progress=progress)
            if request.include_previews:
                preview = generate_pb2.Preview(candidate_index=index, image=image(square(seed)))
                yield generate_pb2.GenerateResponse(preview=preview)
            realism = report_pb2.Measure(name="realism", value=index / 10)
            candidate = generate_pb2.Candidate(index=index, seed=seed, image=image(square(seed)), measures=[realism])
            yield generate_pb2.GenerateResponse(candidate=candidate)
        yield generate_pb2.GenerateResponse(result=self._result(request, seeds))

    def Compose(  # noqa: N802 - the RPC's name
        self, request: generate_pb2.ComposeRequest, _: grpc.ServicerContext
    ) -> generate_pb2.ComposeResponse:
        return generate_pb2.ComposeResponse()

    def _result(self, request: generate_pb2.GenerateRequest, seeds: list[int]) -> generate_pb2.GenerateResult:
        content = square(seeds[-1])
        alone = generate_pb2.Generation(direction=request.generation.direction, candidates=1, seed=seeds[-1])
        report = report_pb2.Report(
            output=image_pb2.ImageInfo(format="png", sha256=hashlib.sha256(content).hexdigest()), notes=["a note"]
        )
        record = {
            "service_version": self.version,
            "generation": json_format.MessageToDict(alone, preserving_proto_field_name=True),
            "output": {"format": "IMAGE_FORMAT_PNG"},
            "backend": {"name": "toy"},
            "models": [{"name": "pen", "version": self.version, "sha256": "0" * 64, "executor": "hand"}],
            "references": ["1" * 64] * len(request.generation.references),
        }
        json_format.ParseDict(record, report.parameters)
        return generate_pb2.GenerateResult(
            image=image(content), ranking=list(reversed(range(len(seeds)))), report=report
        )


def square(grey: int) -> bytes:
    """A square that says in its XMP, as a real portrait does, how it is drawn again."""
    record = json.dumps({"generation": {"direction": {}, "candidates": 1, "seed": str(grey)}})
    packet = f'<x xmlns:a="urn:atelier:record:1/"><a:record>{record}</a:record></x>'
    told = PngInfo()
    told.add_itxt("XML:com.adobe.xmp", packet)
    buffer = io.BytesIO()
    Image.new("RGB", (8, 10), (grey, grey, grey)).save(buffer, "PNG", pnginfo=told)
    return buffer.getvalue()


def plain() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 10)).save(buffer, "PNG")
    return buffer.getvalue()


def image(content: bytes) -> image_pb2.Image:
    return image_pb2.Image(content=content)


@pytest.fixture
def toy() -> Iterator[Toy]:
    toy = Toy()
    with serving(partial(generate_pb2_grpc.add_GenerateServiceServicer_to_server, toy), people) as toy.address:
        yield toy


def run(toy: Toy, *arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(atelier, ["generate", *arguments, "--address", toy.address])
    return result.exit_code, result.stdout, result.stderr


def test_candidates_come_back_from_the_most_natural_and_what_happens_is_told(toy: Toy) -> None:
    steps: list[Progress] = []
    candidates: list[Candidate] = []
    previews: list[Preview] = []
    with Atelier(toy.address) as studio:
        drawn: Generated = studio.generate(
            "golden hour",
            candidates=3,
            seed=10,
            on_progress=steps.append,
            on_candidate=candidates.append,
            on_preview=previews.append,
        )
    assert [one.seed for one in drawn.candidates] == [12, 11, 10]
    assert drawn.bytes == drawn.candidates[0].content == square(12)
    assert (steps[0].stage, steps[0].queue_position, steps[-1].steps_done) == ("queued", 3, 3)
    assert waiting(steps[0]) == "3 before you, about 21 s"
    assert [one.index for one in candidates] == [one.candidate for one in previews] == [0, 1, 2]
    assert drawn.candidates[0].value("realism") == 0.2


async def test_the_asynchronous_client_draws_alike_and_asks_for_no_previews_that_nobody_sees(toy: Toy) -> None:
    async with AsyncAtelier(toy.address) as studio:
        drawn = await studio.generate(candidates=2, seed=1)
    assert [one.seed for one in drawn.candidates] == [2, 1]
    assert not toy.requests[0].include_previews


def test_a_prompt_goes_as_it_stands_and_not_beside_words(toy: Toy) -> None:
    with Atelier(toy.address) as studio:
        studio.generate(prompt="a person, (face:1.4)", negative_prompt="plastic", candidates=1)
        with pytest.raises(ValueError, match="as it stands"):
            studio.generate("golden hour", prompt="a person")
    prompt = toy.requests[0].generation.prompt
    assert (prompt.text, prompt.negative_text) == ("a person, (face:1.4)", "plastic")


def test_the_command_names_files_by_rank_and_seed_and_writes_sheet_and_report(toy: Toy, tmp_path: Path) -> None:
    sheet, report = tmp_path / "sheet.jpg", tmp_path / "report.json"
    code, out, err = run(
        toy, "golden hour", "-o", str(tmp_path / "out"), "--candidates", "2", "--seed", "7",
        "--sheet", str(sheet), "--report", str(report),
    )  # fmt: skip
    assert (code, out) == (0, "")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["1-seed-8.png", "2-seed-7.png"]
    assert json.loads(report.read_text())["parameters"]["generation"]["seed"] == "8"
    assert sheet.stat().st_size > 0
    assert "a note" in err


def test_the_command_prints_json_for_programs(toy: Toy, tmp_path: Path) -> None:
    code, out, _ = run(toy, "-o", str(tmp_path), "--candidates", "1", "--seed", "7", "--json")
    said = json.loads(out)
    assert code == 0
    assert said["files"] == [str(tmp_path / "1-seed-7.png")]


def test_a_portrait_is_drawn_again_from_its_report_and_known_for_the_same(toy: Toy, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    run(toy, "-o", str(tmp_path / "first"), "--candidates", "2", "--seed", "7", "--report", str(report))
    code, _, err = run(toy, "-o", str(tmp_path / "again"), "--again", str(report))
    assert code == 0
    assert "byte for byte the same" in err
    assert (tmp_path / "again" / "1-seed-8.png").read_bytes() == (tmp_path / "first" / "1-seed-8.png").read_bytes()
    toy.version = "2"
    assert "pen 2 (000000000000, hand) drew, it was pen 1" in run(
        toy, "-o", str(tmp_path / "again"), "--again", str(report)
    )[2].replace("\n", " ")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["x", "--aspect", "7:3"], "aspect is width to height, such as 4:5, not '7:3'; there are 1:1, 2:3"),
        (["x", "--set", "age=forty"], "age takes a whole number, not 'forty'"),
        (["x", "--identity-floor", "0.5"], "name one by --person or --reference"),
        (["x", "--report", "nowhere/r.json"], "--report: there is no folder nowhere"),
        (["x", "--sheet", "nowhere/s.jpg"], "--sheet: there is no folder nowhere"),
        (["x", "--sheet", "s.gif"], "end it in .jpg or .png"),
        (["x", "--again", "r.json"], "--again draws what the record says: leave out TEXT"),
        (["--again", "r.json", "--seed", "7", "--set", "age=40"], "leave out --seed, --set"),
    ],
)
def test_a_wrong_command_line_is_refused_in_words_before_anything_is_drawn(
    toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], complaint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    run(toy, "-o", "first", "--candidates", "1", "--seed", "7", "--report", "r.json")
    toy.requests.clear()
    code, _, err = run(toy, "-o", "out", *arguments)
    assert (code, toy.requests) == (2, [])
    assert complaint in " ".join(err.split())


@pytest.mark.parametrize("person", ["ada", ADA])
def test_a_person_is_named_or_numbered(toy: Toy, tmp_path: Path, person: str) -> None:
    code, _, _ = run(toy, "x", "-o", str(tmp_path), "--candidates", "1", "--person", person)
    assert code == 0
    assert toy.requests[0].generation.profile == ADA


def test_an_unknown_person_is_refused_with_the_known_ones(toy: Toy, tmp_path: Path) -> None:
    code, _, err = run(toy, "x", "-o", str(tmp_path), "--person", "eve")
    assert (code, toy.requests) == (1, [])
    assert "there is no profile 'eve'; known are ada" in err


def test_a_report_may_stand_in_the_folder_that_is_made(toy: Toy, tmp_path: Path) -> None:
    report = tmp_path / "new" / "report.json"
    code, _, _ = run(toy, "-o", str(report.parent), "--candidates", "1", "--seed", "7", "--report", str(report))
    assert (code, report.is_file()) == (0, True)


def test_a_portrait_is_drawn_again_from_the_picture_and_known_for_the_same(toy: Toy, tmp_path: Path) -> None:
    run(toy, "-o", str(tmp_path / "first"), "--candidates", "2", "--seed", "7")
    second = tmp_path / "first" / "2-seed-7.png"
    assert "byte for byte the same" in run(toy, "-o", str(tmp_path / "again"), "--again", str(second))[2]
    second.write_bytes(second.read_bytes() + b"touched")
    assert "not the same bytes" in run(toy, "-o", str(tmp_path / "again"), "--again", str(second))[2]


def test_a_file_without_a_record_is_named(tmp_path: Path) -> None:
    for name, content in {"plain.png": plain(), "other.json": b"{}", "broken.json": b"{"}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(PictureError, match="no record"):
            Record.read(tmp_path / name)


def test_references_are_asked_for_again(toy: Toy, tmp_path: Path, picture: Path) -> None:
    report = tmp_path / "report.json"
    run(toy, "-o", str(tmp_path), "--reference", str(picture), "--candidates", "1", "--report", str(report))
    code, _, err = run(toy, "-o", str(tmp_path), "--again", str(report))
    assert code == 2
    assert "--reference" in err


def test_a_preview_in_characters_has_two_pixels_in_each() -> None:
    picture = Image.new("RGB", (4, 4), "black")
    picture.paste("white", (0, 0, 4, 2))
    text = half_blocks(picture, columns=2)
    assert text.plain == "▀▀\n"
    assert str(text.spans[0].style) == "#ffffff on #000000"
