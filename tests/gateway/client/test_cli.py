"""The command line, against a toy gateway."""

from __future__ import annotations

import json
import shutil
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING

import click
import grpc
import numpy as np
import pytest
from atelier_client import cli
from atelier_client.commands import completion
from click.shell_completion import ShellComplete
from click.testing import CliRunner
from PIL import Image

from tests.gateway.client.toys import Refusal, ToyGateway

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result
    from numpy.typing import NDArray


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every test a wide terminal without colours, and no settings of the caller's."""
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.delenv("ATELIER_ADDRESS", raising=False)


def atelier(*arguments: object) -> Result:
    return CliRunner().invoke(cli.atelier, [str(argument) for argument in arguments], prog_name="atelier")


def styled(gateway: ToyGateway, *arguments: object) -> Result:
    return atelier("style", *arguments, "--address", gateway.address)


def decoded(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as picture:
        return np.asarray(picture)


@pytest.fixture
def folder(tmp_path: Path, picture: Path) -> Path:
    """A folder of three pictures, one file that says it is one and is not, and a text."""
    shoot = tmp_path / "shoot"
    shoot.mkdir()
    for name in ("a.png", "b.png", "d.PNG"):
        shutil.copy(picture, shoot / name)
    (shoot / "c.png").write_bytes(b"refuse me: IMAGE_UNDECODABLE")
    (shoot / "notes.txt").write_text("not a picture")
    return shoot


def test_help_teaches_by_examples() -> None:
    top, style = atelier("--help"), atelier("style", "--help")
    assert (top.exit_code, style.exit_code) == (0, 0)
    assert "atelier up --detach" in top.output
    assert {"style", "presets", "capabilities", "completion"} <= {line.split(" ")[2] for line in commands(top.output)}
    assert "atelier style in.jpg -o out.jpg --grade golden_warm" in style.output
    assert "atelier presets grade" in style.output
    assert "Exit status: 0 all done" in style.output


def commands(output: str) -> list[str]:
    return [line for line in output.partition("Commands:\n")[2].splitlines() if line.startswith("  ")]


def test_every_command_and_option_is_explained() -> None:
    context = click.Context(cli.atelier)
    for name in ("style", "relight", "enhance", "presets", "capabilities", "completion"):
        command = cli.atelier.get_command(context, name)
        assert command is not None
        assert command.help
        options = [option for option in command.params if isinstance(option, click.Option)]
        assert [option.name for option in options if not option.help] == []


def test_the_version_is_printed() -> None:
    assert atelier("--version").output == "atelier, version 0.1.0\n"


def test_a_command_that_cannot_be_loaded_says_so_and_harms_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = EntryPoint("broken", "atelier_client.nowhere:at_all", cli.GROUP)
    works = EntryPoint("presets", "atelier_client.commands.catalogue:presets", cli.GROUP)
    monkeypatch.setattr(cli, "entry_points", lambda group: [broken, works] if group == cli.GROUP else [])
    assert atelier("presets", "--help").exit_code == 0
    listed, used = atelier("--help"), atelier("broken", "--some", "arguments")
    assert "(cannot be loaded from atelier_client.nowhere:at_all)" in listed.output
    assert used.exit_code == 1
    assert "No module named 'atelier_client.nowhere'" in used.output


def test_one_picture_is_styled_with_all_that_was_asked_for(
    gateway: ToyGateway, picture: Path, pixels: NDArray[np.uint8], tmp_path: Path
) -> None:
    files = {name: tmp_path / name for name in ("out.png", "report.json", "sheet.jpg", "look.cube")}
    result = styled(
        gateway, picture, "-o", files["out.png"], "--grade", "kodachrome", "--grain", "tri-x-400", "--seed", 7,
        "--strength", 0.5, "--grain-strength", 1.5, "--protect-skin", "--vignette", 0.2, "--quality", 90,
        "--identity-floor", 0.6, "--lower-strength",
        "--report", files["report.json"], "--compare", files["sheet.jpg"], "--export-lut", files["look.cube"],
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    np.testing.assert_array_equal(decoded(files["out.png"]), 255 - pixels)
    assert json.loads(files["report.json"].read_text())["operation"] == "style.apply"
    assert files["look.cube"].read_bytes() == b"LUT"
    assert decoded(files["sheet.jpg"]).shape[1] > 1000
    (sent,) = gateway.requests
    assert (sent.grade.preset, sent.grain.stock, sent.grain.seed) == ("kodachrome", "tri-x-400", 7)
    assert (sent.grade.strength, sent.grain.strength, sent.grade.protect_skin) == (0.5, 1.5, 1.0)
    assert (round(sent.identity_floor, 6), sent.lower_strength_to_floor) == (0.6, True)
    assert not sent.grade.HasField("halation")
    assert "texture ratio  skin" in result.stderr
    assert "not measurable: There is no mask, hence no seam." in result.stderr
    assert result.stdout == ""


def test_the_format_follows_the_suffix(gateway: ToyGateway, picture: Path, tmp_path: Path) -> None:
    assert styled(gateway, picture, "-o", tmp_path / "out.webp", "--grade", "kodachrome").exit_code == 0
    assert gateway.requests[0].output.format == 3


def test_json_for_programs_is_all_that_stdout_has(gateway: ToyGateway, folder: Path, tmp_path: Path) -> None:
    result = styled(gateway, folder, "-o", tmp_path / "out", "--grade", "kodachrome", "--json")
    outcomes = json.loads(result.stdout)
    assert [outcome["ok"] for outcome in outcomes] == [True, True, False, True]
    assert outcomes[2]["error"]["reason"] == "IMAGE_UNDECODABLE"
    assert outcomes[0]["report"]["measures"][0]["name"] == "texture_ratio"


def test_a_folder_is_worked_on_and_failures_are_listed_at_the_end(
    gateway: ToyGateway, folder: Path, tmp_path: Path
) -> None:
    target = tmp_path / "new" / "graded"
    result = styled(gateway, folder, "-o", target, "--grade", "kodachrome", "--compare", tmp_path / "sheet.png")
    assert result.exit_code == 1
    assert {path.name for path in target.iterdir()} == {"a.png", "b.png", "d.PNG"}
    assert "3 of 4 pictures done" in result.stderr
    assert "c.png  IMAGE_UNDECODABLE" in result.stderr
    assert decoded(tmp_path / "sheet.png").shape[1] > 1000


def test_the_reports_of_a_folder_stand_by_file_name(gateway: ToyGateway, folder: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    styled(gateway, folder, "-o", tmp_path / "out", "--grade", "kodachrome", "--report", report)
    assert sorted(json.loads(report.read_text())) == ["a.png", "b.png", "d.PNG"]


def test_a_folder_takes_another_format(gateway: ToyGateway, folder: Path, tmp_path: Path) -> None:
    styled(gateway, folder, "-o", tmp_path / "out", "--grade", "kodachrome", "--format", "jpeg")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a.jpg", "b.jpg", "d.jpg"}


def test_a_gateway_that_is_not_there_ends_a_whole_folder_at_once(folder: Path, tmp_path: Path) -> None:
    result = atelier("style", folder, "-o", tmp_path / "out", "--grade", "x", "--address", "127.0.0.1:1")
    assert result.exit_code == 3
    assert result.stderr.count("no gateway answers at 127.0.0.1:1") == 1
    assert "atelier up --detach" in result.stderr
    assert "Traceback" not in result.output


def test_a_refusal_is_explained_by_fields_and_the_next_step(gateway: ToyGateway, picture: Path, tmp_path: Path) -> None:
    gateway.refusals = [
        Refusal(grpc.StatusCode.INVALID_ARGUMENT, "PRESET_UNKNOWN", fields={"grade.preset": "nearest: kodachrome"})
    ]
    result = styled(gateway, picture, "-o", tmp_path / "out.png", "--grade", "kodachrom")
    assert result.exit_code == 1
    assert "✗ PRESET_UNKNOWN: the toy says PRESET_UNKNOWN" in result.stderr
    assert "grade.preset    nearest: kodachrome" in result.stderr
    assert "`atelier presets` lists all names." in result.stderr
    assert f"request {gateway.requests[0].request_id}" in result.stderr
    assert not (tmp_path / "out.png").exists()


def test_a_full_queue_says_how_long_to_wait(gateway: ToyGateway, picture: Path, tmp_path: Path) -> None:
    gateway.refusals = [Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "QUEUE_FULL", retry_after=0.01)] * 20
    result = styled(gateway, picture, "-o", tmp_path / "out.png", "--grade", "kodachrome")
    assert result.exit_code == 1
    assert "with fewer calls at once. The service asks to wait 0.0 s." in result.stderr


def test_a_queue_that_is_full_for_a_moment_costs_no_picture(gateway: ToyGateway, folder: Path, tmp_path: Path) -> None:
    (folder / "c.png").unlink()
    gateway.refusals = [Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "QUEUE_FULL", retry_after=0.01)] * 5
    result = styled(gateway, folder, "-o", tmp_path / "out", "--grade", "kodachrome")
    assert result.exit_code == 0, result.output
    assert gateway.refusals == []


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["in.png", "-o", "out.png"], "Nothing to do"),
        (["in.png", "-o", "out.png", "--grade", "a", "--match", "in.png"], "--grade and --match exclude each other"),
        (["in.png", "-o", "out.gif", "--grade", "a"], "names no format"),
        (["in.png", "-o", "out.jpg", "--grade", "a", "--format", "png"], "disagree"),
        (["in.png", "-o", "in.png", "--grade", "a"], "OUT would overwrite IN"),
        (["in.png", "-o", "out.png", "--grade", "a", "--compare", "sheet"], "--compare 'sheet' names no format"),
        (["in.png", "-o", "out.png", "--grade", "a", "--strength", "1.5"], "not in the range 0<=x<=1"),
        (["in.png", "-o", "shoot/../in.png", "--grade", "a"], "OUT would overwrite IN"),
        (["shoot", "-o", "shoot/../shoot", "--grade", "a"], "OUT would overwrite IN"),
        (["in.png", "-o", "new/out.png", "--grade", "a"], "OUT: there is no folder new"),
        (["in.png", "-o", "out.png", "--grade", "a", "--report", "new/r.json"], "--report: there is no folder new"),
        (["in.png", "-o", "out.png", "--grade", "a", "--compare", "./in.png"], "--compare would overwrite in.png"),
        (["in.png", "-o", "out.png", "--grade", "a", "--compare", "out.png"], "--compare would overwrite out.png"),
        (["absent.png", "-o", "out.png", "--grade", "a"], "does not exist"),
        (["shoot", "-o", "in.png", "--grade", "a"], "OUT must be one too"),
        (["empty", "-o", "out", "--grade", "a"], "there are no pictures in"),
    ],
)
def test_a_wrong_command_line_is_explained_before_any_call(
    gateway: ToyGateway, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], why: str
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(folder.parent)
    result = styled(gateway, *arguments)
    assert result.exit_code == 2
    assert why in result.stderr
    assert gateway.requests == []


def test_presets_are_listed(gateway: ToyGateway) -> None:
    every, stocks = (atelier("presets", *kind, "--address", gateway.address) for kind in ((), ("stock",)))
    assert "bleach-bypass" in every.output
    assert "tri-x-400  Coarse, classic." in stocks.output
    assert "kodachrome" not in stocks.output
    unknown = atelier("presets", "lens", "--address", gateway.address)
    assert unknown.exit_code == 1
    assert "kinds are: grade, stock" in unknown.output
    listed = json.loads(atelier("presets", "stock", "--json", "--address", gateway.address).stdout)
    assert [preset["name"] for preset in listed] == ["tri-x-400"]


def test_capabilities_are_listed(gateway: ToyGateway) -> None:
    result = atelier("capabilities", "--address", gateway.address)
    assert "style" in result.output
    assert "ready" in result.output
    assert "64 megapixels" in result.output
    assert json.loads(atelier("capabilities", "--json", "--address", gateway.address).stdout)[0]["health"] == "ready"


def test_the_address_is_read_from_the_environment(gateway: ToyGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATELIER_ADDRESS", gateway.address)
    assert atelier("presets").exit_code == 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_script_and_instructions(shell: str) -> None:
    result = atelier("completion", shell)
    assert result.exit_code == 0
    assert result.stdout.startswith("# Completion of `atelier`.")
    assert f"_ATELIER_COMPLETE={shell}_complete" in result.stdout


def test_preset_names_are_completed_from_the_running_gateway(gateway: ToyGateway) -> None:
    complete = ShellComplete(cli.atelier, {}, "atelier", cli.COMPLETION_VARIABLE)
    arguments = ["style", "in.jpg", "--address", gateway.address, "--grade"]
    assert [item.value for item in complete.get_completions(arguments, "ko")] == ["kodachrome"]
    arguments[-1] = "--grain"
    assert [item.value for item in complete.get_completions(arguments, "")] == ["tri-x-400"]


def test_nothing_is_completed_where_no_gateway_answers() -> None:
    complete = completion.complete_preset("grade")
    context = click.Context(cli.atelier)
    context.params["address"] = "127.0.0.1:1"
    assert complete(context, click.Option(["--grade"]), "") == []
