"""Settings: read once, refused by name, secrets hidden."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from atelier_rpc.settings import SettingsError, address, choice, number, read, read_or_exit, setting, table


@dataclass(frozen=True, slots=True)
class Toy:
    """Settings of a toy."""

    listen: str = setting("TOY_LISTEN", "127.0.0.1:0", "Where to listen.", parse=address)
    token: str = setting("TOY_TOKEN", "none", "A shared secret.", secret=True)
    workers: int = setting("TOY_WORKERS", 2, "How many work.")
    share: float = setting("TOY_SHARE", 0.5, "How much.", parse=number(minimum=0, maximum=1))
    quick: bool = setting("TOY_QUICK", False, "Whether to hurry.")
    hosts: tuple[str, ...] = setting("TOY_HOSTS", ("a", "b"), "Which hosts.")
    style: str = setting("TOY_STYLE", "json", "How.", parse=choice("json", "console"))
    folder: Path | None = setting("TOY_FOLDER", None, "Where.", parse=Path)  # noqa: RUF009 (a dataclass field)


def test_defaults_stand_where_the_environment_is_silent_or_empty() -> None:
    assert read(Toy, {"TOY_WORKERS": ""}) == Toy()


def test_values_are_read_by_the_fields_type() -> None:
    environment = {
        "TOY_LISTEN": "[::1]:80",
        "TOY_WORKERS": "3",
        "TOY_SHARE": "0.25",
        "TOY_QUICK": "Yes",
        "TOY_HOSTS": "x, y,",
        "TOY_STYLE": "console",
        "TOY_FOLDER": "/srv",
    }
    expected = Toy("[::1]:80", "none", 3, 0.25, True, ("x", "y"), "console", Path("/srv"))
    assert read(Toy, environment) == expected


def test_a_secret_may_come_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("open\n")
    assert read(Toy, {"TOY_TOKEN_FILE": str(file)}) == Toy(token="open")  # noqa: S106 (a toy's)


def test_what_is_no_secret_comes_in_no_file(tmp_path: Path) -> None:
    file = tmp_path / "workers"
    file.write_text("3")
    assert read(Toy, {"TOY_WORKERS_FILE": str(file)}) == Toy()


def test_a_secret_that_is_given_twice_or_cannot_be_read_is_refused(tmp_path: Path) -> None:
    file = str(tmp_path / "missing")
    with pytest.raises(SettingsError, match=r"^TOY_TOKEN: the file .*missing cannot be read"):
        read(Toy, {"TOY_TOKEN_FILE": file})
    with pytest.raises(SettingsError, match=r"^TOY_TOKEN: it is given twice"):
        read(Toy, {"TOY_TOKEN_FILE": file, "TOY_TOKEN": "open"})


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TOY_LISTEN", "nowhere"),
        ("TOY_LISTEN", "host:70000"),
        ("TOY_WORKERS", "many"),
        ("TOY_SHARE", "2"),
        ("TOY_SHARE", "nan"),
        ("TOY_QUICK", "perhaps"),
        ("TOY_STYLE", "xml"),
    ],
)
def test_a_bad_value_is_refused_by_its_variable(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{variable}: "):
        read(Toy, {variable: value})


def test_all_bad_values_are_named_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        read(Toy, {"TOY_WORKERS": "many", "TOY_QUICK": "perhaps"})
    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == ["TOY_WORKERS", "TOY_QUICK"]


def test_a_secret_is_not_shown() -> None:
    shown = repr(read(Toy, {"TOY_TOKEN": "hush"}))
    assert "hush" not in shown
    assert "none" not in table(Toy)


def test_the_table_has_a_line_for_every_variable() -> None:
    lines = table(Toy).splitlines()
    assert lines[2] == "| `TOY_LISTEN` | `127.0.0.1:0` | Where to listen. |"
    assert [line.split("`")[1] for line in lines[2:]] == [
        *("TOY_LISTEN", "TOY_TOKEN", "TOY_WORKERS", "TOY_SHARE", "TOY_QUICK", "TOY_HOSTS", "TOY_STYLE", "TOY_FOLDER")
    ]


def test_the_table_says_a_default_as_a_variable_would() -> None:
    defaults = {line.split("|")[1].strip(" `"): line.split("|")[2].strip() for line in table(Toy).splitlines()[2:]}
    assert (defaults["TOY_QUICK"], defaults["TOY_FOLDER"]) == ("`false`", "empty")


def started(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["toy", *arguments])
    with pytest.raises(SystemExit) as caught:
        read_or_exit(Toy, program="toy", description="A toy.")
    assert isinstance(caught.value.code, int)
    return caught.value.code


def test_help_prints_the_table_and_succeeds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert started(["--help"], monkeypatch) == 0
    assert table(Toy) in capsys.readouterr().out


def test_a_bad_start_says_why_and_fails(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("TOY_WORKERS", "many")
    assert started([], monkeypatch) == 2
    assert "TOY_WORKERS" in capsys.readouterr().err
    assert started(["--port=1"], monkeypatch) == 2
