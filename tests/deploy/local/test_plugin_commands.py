"""`atelier plugins` on plugins that a test writes."""

from __future__ import annotations

import json
import site
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import atelier_sdk
import pytest
from atelier_local.plugin_commands import plugins
from click.testing import CliRunner, Result

from tests.plugins.distributions import write
from tests.plugins.toy_api import plugin

if TYPE_CHECKING:
    from collections.abc import Callable

    Atelier = Callable[..., Result]


@pytest.fixture
def atelier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Atelier:
    """Run `atelier plugins` on a home of its own and the plugins in `site`."""
    monkeypatch.setenv("ATELIER_HOME", str(tmp_path / "home"))
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    return lambda *arguments: CliRunner().invoke(plugins, arguments, env={"COLUMNS": "300"})


def test_plugins_are_listed_with_what_is_wrong_with_them(atelier: Atelier, tmp_path: Path) -> None:
    write(tmp_path / "site", "goodone", plugin("goodone"))
    write(tmp_path / "site", "badone", "import not_there_at_all", version="0.0.7")
    listed = {one["name"]: one for one in json.loads(atelier("list", "--json").output)}
    assert (listed["goodone"]["state"], listed["goodone"]["capabilities"]) == ("active", ["goodone"])
    assert (listed["badone"]["state"], listed["badone"]["version"]) == ("broken", "0.0.7")
    shown = next(line for line in atelier("list").output.splitlines() if line.startswith("badone"))
    assert "broken  it does not import: ModuleNotFoundError" in shown


def test_a_plugin_is_shown_with_its_limits_and_hooks(atelier: Atelier, tmp_path: Path) -> None:
    write(tmp_path / "site", "showone", plugin("showone", memory_bytes=2**30))
    shown = atelier("show", "showone").output
    assert "showone 1.2.3 of bad-showone, plugin API 1.0: active" in shown
    assert "max_deadline_seconds 2.0" in shown
    assert "memory_bytes 1073741824" in shown
    assert "hooks, in call order: atelier_capabilities" in shown
    assert "service" in json.loads(atelier("show", "showone", "--json").output)["capabilities"][0]


def test_a_name_that_no_plugin_has_is_refused_with_those_that_are_there(atelier: Atelier) -> None:
    refused = atelier("show", "nobody")
    assert refused.exit_code == 1
    assert "no plugin is called 'nobody'; there are: atelier" in refused.output


def test_a_plugin_that_can_be_used_passes_every_check(atelier: Atelier, tmp_path: Path) -> None:
    write(tmp_path / "site", "checkone", plugin("checkone", commented=True))
    checked = atelier("check", "checkone")
    assert checked.output.splitlines() == [
        "ok  it imports, suits this plugin API, and its names are free",
        "ok  checkone: its descriptors are complete",
        "ok  checkone: every element of its API is commented",
        "ok  checkone: its command exists",
        "ok  checkone: its process says that it is well",
    ]
    assert checked.exit_code == 0


@pytest.mark.parametrize(
    ("name", "source", "api", "why"),
    [
        ("checktwo", "1 / 0", '"1.0"', "no  it imports, suits this plugin API, and its names are free: it does not"),
        ("checkthree", plugin("checkthree"), '"1.7"', "it needs the plugin API 1.7"),
        ("checkfour", plugin("style"), '"1.0"', "it registers style, which is the plugin atelier 0.1.0's"),
        ("checkfive", plugin("checkfive"), '"1.0"', "no comment stands above checkfive.v1."),
        ("checksix", plugin("checksix", behaviour="crash", commented=True), '"1.0"', "it crashes"),
    ],
)
def test_what_keeps_a_plugin_from_being_used_is_named(
    atelier: Atelier, tmp_path: Path, name: str, source: str, api: str, why: str
) -> None:
    write(tmp_path / "site", name, source, api=api)
    checked = atelier("check", name)
    assert why in checked.output
    assert checked.exit_code == 1


def environment(folder: Path, name: str, source: str) -> Path:
    """Make an environment with the SDK, pluggy and one plugin."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (packages,) = (folder / "lib").glob("python*/site-packages")
    write(packages, name, source)
    (packages / "sdk.pth").write_text(f"{Path(atelier_sdk.__file__).parents[1]}\n")
    installed = next(path for path in map(Path, site.getsitepackages()) if (path / "pluggy").is_dir())
    (packages / "pluggy").symlink_to(installed / "pluggy")
    return folder


def test_a_plugin_of_another_environment_is_added_listed_and_removed(atelier: Atelier, tmp_path: Path) -> None:
    source = plugin("faraway").replace(repr(sys.executable), "__import__('sys').executable")
    other = environment(tmp_path / "other", "faraway", source)
    assert atelier("add", str(other)).output == "added faraway 1.2.3\n"
    (shown,) = json.loads(atelier("show", "faraway", "--json").output)["capabilities"]
    assert shown["command"][0] == str(other / "bin" / "python")
    assert atelier("remove", "faraway").output == "removed faraway\n"
    assert "faraway" not in atelier("list").output
    assert atelier("remove", "faraway").exit_code == 1


def test_an_environment_that_cannot_be_added_says_why(atelier: Atelier, tmp_path: Path) -> None:
    assert "has no bin/python" in atelier("add", str(tmp_path)).output
    other = environment(tmp_path / "other", "unhappy", "1 / 0")
    assert "unhappy 1.2.3: it does not import: ZeroDivisionError" in atelier("add", str(other)).output
