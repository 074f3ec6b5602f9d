from __future__ import annotations

import itertools
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from atelier_sdk import Candidate, Capability, MeasureSource, ModelSource, Phrase, PlannedGeneration, Preset
from atelier_sdk import host as host_module
from atelier_sdk.api import API_VERSION, version_text, why_not
from atelier_sdk.host import HOOKS, HookFailedError, PluginHost
from atelier_sdk.manifest import Manifest, load_manifest, remove_manifest, write_manifest
from atelier_sdk.plugin import PluginState

from tests.plugins.distributions import write

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_sdk.plugin import PluginStatus

numbers = itertools.count()
CAPABILITY = Capability(
    "toy",
    "toy.v1.Toy",
    'Says "toy".',
    b"\x00\xff",
    ("/some where/python", "-m", "toy"),
    ("mesh",),
    environment={"A": "é"},
)
PLANNED = PlannedGeneration("id", "tenant", "a portrait", "")
MEASURES = """
@hookimpl
def atelier_measures():
    yield MeasureSource("one", "One.", lambda view: [])
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Install a plugin for the length of a test; its name is new each time, because modules are imported once."""
    monkeypatch.syspath_prepend(str(tmp_path / "site"))

    def install(source: str, api: str = '"1.0"') -> str:
        name = f"toy{next(numbers)}"
        write(tmp_path / "site", name, source, api=api)
        return name

    return install


def loaded(*names: str, **options: float) -> PluginHost:
    host = PluginHost(**options)  # type: ignore[arg-type]  # all of them are numbers
    host.load(allowed=names)
    return host


def status(host: PluginHost, name: str) -> PluginStatus:
    return next(one for one in host.statuses() if one.name == name)


def test_a_plugin_is_found_by_its_entry_point_and_named_by_its_distribution(installed: Callable[..., str]) -> None:
    name = installed(MEASURES)
    found = status(loaded(name), name)
    assert (f"bad-{name}", "1.2.3", "1.0", PluginState.ACTIVE) == (
        found.distribution, found.version, found.api, found.state
    )  # fmt: skip
    assert found.hooks == ("atelier_measures",)


def test_what_a_plugin_registers_comes_with_its_name(installed: Callable[..., str]) -> None:
    name = installed(MEASURES)
    assert [(plugin.name, one.name) for plugin, one in loaded(name).collect("atelier_measures", MeasureSource)] == [
        (name, "one")
    ]


def test_only_allowed_plugins_are_imported(installed: Callable[..., str]) -> None:
    name, other = installed(MEASURES), installed("raise RuntimeError('imported')")
    host = loaded(name)
    assert (status(host, name).state, status(host, other).state) == (PluginState.ACTIVE, PluginState.OFF)
    assert {one.state for one in loaded(host_module.NONE).statuses()} == {PluginState.OFF}


def test_an_expected_plugin_that_is_not_installed_is_named() -> None:
    host = loaded("nobody")
    host.expect(("nobody",))
    found = status(host, "nobody")
    assert (found.state, found.detail) == (PluginState.BROKEN, "it is not installed")


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("import not_there_at_all", "ModuleNotFoundError: No module named 'not_there_at_all'"),
        ("1 / 0", "ZeroDivisionError"),
        ("raise SystemExit(3)", "SystemExit"),
        ("this is no python", "SyntaxError"),
        ("time.sleep(60)", "took longer than 1 s"),
    ],
)
def test_a_plugin_that_does_not_import_is_named_and_the_others_live(
    installed: Callable[..., str], source: str, why: str
) -> None:
    bad, good = installed(source), installed(MEASURES)
    host = loaded(bad, good, import_seconds=1.0 if "sleep" in source else 20.0)
    assert status(host, bad).state is PluginState.BROKEN
    assert why in status(host, bad).detail
    assert len(host.collect("atelier_measures", MeasureSource)) == 1


@pytest.mark.parametrize(
    ("api", "why"),
    [
        ('"1.9"', "it needs the plugin API 1.9 or a later one; this Atelier serves the plugin API 1.0"),
        ('"2.0"', "it was written for the plugin API 2.0; this Atelier serves the plugin API 1.0"),
        ("None", "it does not say for which plugin API it was written"),
        ("1.0", "which is no version such as '1.0'"),
    ],
)
def test_a_plugin_for_another_api_is_refused_with_a_sentence(installed: Callable[..., str], api: str, why: str) -> None:
    name = installed(MEASURES, api)
    host = loaded(name)
    assert status(host, name).state is PluginState.REFUSED
    assert why in status(host, name).detail
    assert host.collect("atelier_measures", MeasureSource) == []


def test_earlier_minor_versions_of_the_same_major_one_are_served() -> None:
    major, minor = API_VERSION
    assert [why_not(f"{major}.{earlier}") for earlier in range(minor + 1)] == [""] * (minor + 1)
    assert why_not(version_text()) == ""


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("@hookimpl\ndef atelier_no_such_hook(): ...", "it implements atelier_no_such_hook, which is no hook"),
        ("@hookimpl\ndef atelier_admit(caller): ...", "one of its hooks does not fit"),
    ],
)
def test_hooks_that_do_not_fit_are_refused(installed: Callable[..., str], source: str, why: str) -> None:
    name = installed(source)
    found = status(loaded(name), name)
    assert found.state is PluginState.REFUSED
    assert why in found.detail


REGISTER = {
    "atelier_models": ModelSource,
    "atelier_capabilities": Capability,
    "atelier_presets": Preset,
    "atelier_vocabulary": Phrase,
    "atelier_measures": MeasureSource,
}
BAD = {
    "raises": ("raise RuntimeError('broken inside')", "RuntimeError: broken inside"),
    "raises late": ("yield from ()\n    raise RuntimeError('late')", "RuntimeError: late"),
    "hangs": ("time.sleep(60)", "took longer than 1 s"),
    "answers nothing": ("return None", "TypeError"),
    "answers something else": ("return ['something']", "it answered str where"),
}


@pytest.mark.parametrize("hook", REGISTER)
@pytest.mark.parametrize("how", BAD)
def test_a_register_hook_that_fails_leaves_its_plugin_out_and_no_other(
    installed: Callable[..., str], hook: str, how: str
) -> None:
    body, why = BAD[how]
    bad, good = (
        installed(f"@hookimpl\ndef {hook}():\n    {body}"),
        installed(f"@hookimpl\ndef {hook}():\n    return []"),
    )
    host = loaded(bad, good, register_seconds=1.0 if how == "hangs" else 10.0)
    assert host.collect(hook, REGISTER[hook]) == []
    assert (status(host, bad).state, status(host, good).state) == (PluginState.BROKEN, PluginState.ACTIVE)
    assert hook in status(host, bad).detail
    assert why in status(host, bad).detail


TRANSFORMS = {
    "atelier_prepare_generation": ("generation", PLANNED),
    "atelier_finish_generation": ("candidate", Candidate("id", "tenant", 0, 7, None)),
}


def test_every_hook_is_tried_with_a_plugin_that_fails() -> None:
    """Those of the gateway are, for each call, in tests/gateway/server/test_policy.py."""
    assert {*REGISTER, *TRANSFORMS, "atelier_admit", "atelier_decorate"} == {*HOOKS}


@pytest.mark.parametrize("hook", TRANSFORMS)
@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("raise RuntimeError('a secret prompt')", "raised RuntimeError"),
        ("time.sleep(60)", "took longer than 0.5 s"),
        ("return None", "answered NoneType"),
    ],
)
def test_a_transform_that_fails_is_told_by_kind_and_never_by_its_words(
    installed: Callable[..., str], hook: str, body: str, why: str
) -> None:
    parameter, value = TRANSFORMS[hook]
    name = installed(f"@hookimpl\ndef {hook}({parameter}):\n    {body}")
    host = loaded(name, call_seconds=0.5)
    with pytest.raises(HookFailedError, match=why) as failed:
        host.fold(hook, parameter, value)
    assert failed.value.plugin.name == name
    assert status(host, name).state is PluginState.TROUBLED
    assert "secret" not in status(host, name).detail + str(failed.value)


def test_transforms_are_chained_in_the_order_of_names(installed: Callable[..., str]) -> None:
    source = """
from dataclasses import replace
@hookimpl
def atelier_prepare_generation(generation):
    return replace(generation, prompt=generation.prompt + __name__[-1])
"""
    first, second = sorted((installed(source), installed(source)))
    told = loaded(first, second).fold("atelier_prepare_generation", "generation", PLANNED)
    assert told.prompt == f"a portrait{first[-1]}{second[-1]}"


def test_a_policy_is_lacking_while_a_plugin_that_has_it_or_is_required_is_left_out(
    installed: Callable[..., str],
) -> None:
    admits = "@hookimpl\ndef atelier_admit(call):\n    return None"
    good, newer, broken = installed(admits), installed(admits, '"1.9"'), installed("1 / 0")
    assert loaded(good).lacking("atelier_admit") is None
    lacking = loaded(good, newer).lacking("atelier_admit")
    assert lacking is not None
    assert lacking.name == newer
    for required in (broken, "nobody"):
        host = PluginHost()
        host.load(allowed=(good, broken), required=(required,))
        assert str(host.lacking("atelier_admit")).startswith(required)


def test_a_hook_that_hangs_costs_a_bounded_number_of_threads_and_then_no_time(installed: Callable[..., str]) -> None:
    name = installed("@hookimpl\ndef atelier_prepare_generation(generation):\n    time.sleep(60)")
    host = loaded(name, call_seconds=0.3)
    waited = []
    for _ in range(8):
        started = time.monotonic()
        with pytest.raises(HookFailedError):
            host.fold("atelier_prepare_generation", "generation", PLANNED)
        waited.append(time.monotonic() - started)
    assert sum(seconds > 0.29 for seconds in waited) == 4


def test_a_hook_may_leave_out_parameters(installed: Callable[..., str]) -> None:
    name = installed("@hookimpl\ndef atelier_decorate(headers):\n    return {**headers, 'x-one': '1'}")
    host = loaded(name)
    (plugin,) = host.users("atelier_decorate")
    assert host.ask(plugin, "atelier_decorate", call=None, headers={"x": "0"}) == {"x": "0", "x-one": "1"}


def test_a_trace_names_hook_plugin_time_and_end(
    installed: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    name = installed("@hookimpl\ndef atelier_measures():\n    raise RuntimeError('no')")
    host = PluginHost(trace=True)
    host.load(allowed=(name,))
    host.collect("atelier_measures", MeasureSource)
    imported, asked = capsys.readouterr().err.splitlines()
    assert imported.startswith(f"plugin {name} 1.2.3: import ok after ")
    assert asked.startswith(f"plugin {name} 1.2.3: atelier_measures failed after ")


def test_a_manifest_says_what_was_written(tmp_path: Path) -> None:
    manifest = Manifest("other", "other-dist", "0.3.0", "1.0", (CAPABILITY,))
    assert load_manifest(write_manifest(manifest, tmp_path)) == manifest


def test_a_manifest_is_a_plugin_like_any_other(tmp_path: Path) -> None:
    write_manifest(Manifest("other", "other-dist", "0.3.0", "1.0", (CAPABILITY,)), tmp_path)
    write_manifest(Manifest("newer", "newer-dist", "9.0", "7.0", (CAPABILITY,)), tmp_path)
    (tmp_path / "torn.toml").write_text("name = ")
    (tmp_path / "odd.toml").write_text('name = "odd"\ncolour = "blue"')
    host = PluginHost()
    host.load(allowed=("other", "newer", "torn", "odd"), manifests=tmp_path)
    assert [one for _, one in host.collect("atelier_capabilities", Capability)] == [CAPABILITY]
    assert (status(host, "other").distribution, status(host, "other").version) == ("other-dist", "0.3.0")
    assert status(host, "newer").state is PluginState.REFUSED
    assert "torn.toml is no manifest" in status(host, "torn").detail
    assert "a manifest has no colour" in status(host, "odd").detail


def test_a_manifest_goes_with_all_its_files(tmp_path: Path) -> None:
    write_manifest(Manifest("other", "other-dist", "0.3.0", "1.0", (CAPABILITY,)), tmp_path)
    assert remove_manifest("other", tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert not remove_manifest("other", tmp_path)


def test_an_environment_writes_manifests_of_its_own_plugins(tmp_path: Path) -> None:
    source = (
        "@hookimpl\ndef atelier_capabilities():\n"
        "    yield Capability('there', 'there.v1.There', 'There.', b'', ('python', '-m', 'there'))"
    )
    write(tmp_path / "site", "there", source)
    sdk = Path(host_module.__file__).parents[1]
    pluggy = Path(sys.modules["pluggy"].__file__ or "").parents[1]
    # -S keeps this environment's own plugins out: the other one has the SDK, pluggy and the plugin.
    (tmp_path / "pluggy").symlink_to(pluggy / "pluggy")
    path = ":".join(map(str, (tmp_path / "site", sdk, tmp_path)))
    command = (sys.executable, "-S", "-m", "atelier_sdk.manifest", str(tmp_path / "plugins.d"))
    answer = subprocess.run(command, env={"PYTHONPATH": path}, capture_output=True, text=True, check=True).stdout
    manifest = load_manifest(Path(answer.strip()))
    assert (manifest.name, manifest.distribution, manifest.version) == ("there", "bad-there", "1.2.3")
    assert manifest.capabilities[0].command == (sys.executable, "-m", "there")


def test_hooks_are_listed_in_call_order() -> None:
    assert HOOKS[0] == "atelier_models"
    assert HOOKS[-1] == "atelier_finish_generation"
    assert len(HOOKS) == 9
