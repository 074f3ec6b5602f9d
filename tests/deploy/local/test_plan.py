"""What the processes of a stack are told."""

from __future__ import annotations

import os
import socket
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from atelier_gateway import plugins
from atelier_local import stack
from atelier_local.errors import PlanError
from atelier_local.plan import PlanOptions, models_needed, plan
from atelier_local.process import Probe, ProbeKind
from atelier_local.triton import Triton
from atelier_models.triton import TritonInstall
from atelier_sdk import Capability, Resources, hookimpl
from atelier_sdk.discovery import Found
from atelier_sdk.host import PluginHost

if TYPE_CHECKING:
    from collections.abc import Collection

    from atelier_local.plan import Plan

INSTALL = TritonInstall(Path("/t/bin/python"), Path("/t/tritonserver"), Path("/t/backends"), {"LD_LIBRARY_PATH": "/t"})
TRITON = Triton(INSTALL, Path("/t/repository"))


def capability(name: str) -> Capability:
    return Capability(
        name,
        f"atelier.v1.{name.title()}Service",
        f"{name} things",
        b"",
        ("serve", name),
        models=(f"{name}_net", "mesh"),
    )


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Style is Atelier's own, lens comes with a plugin, and another plugin is broken."""
    lens = SimpleNamespace(atelier_api="1.0", atelier_capabilities=hookimpl(lambda: [capability("lens")]))
    host = PluginHost()
    host.add(Found("atelier", "atelier-gateway", "0.1.0", SimpleNamespace))
    host.add(Found("optics", "optics-dist", "2.1", lambda: lens))
    host.add(Found("broken", "broken-dist", "0.0.1", lambda: SimpleNamespace(atelier_api="8.0")))
    host.brings("optics", ["lens"])
    host.brings("atelier", ["style"])
    monkeypatch.setattr(plugins, "plugins_of", lambda _: host)
    monkeypatch.setattr(plugins, "capabilities", lambda _: (capability("style"), capability("lens")))


BROKEN = (
    "the plugin broken 0.0.1 is refused: it was written for the plugin API 8.0; this Atelier serves the plugin API 1.0"
)


def planned(triton: Triton | None = None, *, only: tuple[str, ...] = (), port: int | None = 0) -> Plan:
    return plan(PlanOptions(Path("/home"), Path("/state"), only, port), triton, "" if triton else "no Triton: a test")


def test_every_capability_and_the_gateway_are_planned_with_ports_of_their_own() -> None:
    found = planned()
    assert [spec.name for spec in found.processes] == ["lens", "style", "gateway"]
    assert len({spec.address for spec in found.processes}) == 3
    assert found.processes[1].command == ("serve", "style")
    assert found.notes == ("no Triton: a test", BROKEN)


def test_the_gateway_is_told_where_the_capabilities_are() -> None:
    lens, style, gateway = planned().processes
    assert gateway.environment["ATELIER_ENDPOINTS"] == f"lens={lens.address};style={style.address}"
    assert gateway.environment["ATELIER_LISTEN"] == gateway.address
    assert gateway.probe == Probe(ProbeKind.CATALOGUE, gateway.address)


def test_a_capability_is_ready_when_the_gateway_says_so() -> None:
    _, style, gateway = planned().processes
    assert style.probe == Probe(ProbeKind.HEALTH, gateway.address, "atelier.v1.StyleService")


def test_all_share_home_state_and_artifacts() -> None:
    for spec in planned().processes:
        shared = {name: spec.environment[name] for name in ("ATELIER_HOME", "ATELIER_STATE", "ATELIER_ARTIFACTS_URL")}
        assert shared == {
            "ATELIER_HOME": "/home",
            "ATELIER_STATE": "/state",
            "ATELIER_ARTIFACTS_URL": "file:///state/artifacts",
        }


def test_capabilities_wait_for_triton_and_are_told_its_address() -> None:
    found = planned(TRITON)
    triton, _, style, gateway = found.processes
    assert (triton.name, triton.probe.kind) == ("triton", ProbeKind.TRITON)
    assert (style.needs, gateway.needs) == (("triton",), ())
    assert style.environment["ATELIER_TRITON_URL"] == triton.address == found.triton_url
    assert found.notes == (BROKEN,)


def test_without_triton_nothing_waits_for_it() -> None:
    assert [spec.needs for spec in planned().processes] == [(), (), ()]
    assert planned().processes[0].environment["ATELIER_TRITON_URL"] == ""


def test_triton_is_given_only_what_differs_from_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SECRET", "of the caller")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    environment = planned(TRITON).processes[0].environment
    assert "A_SECRET" not in environment
    assert environment["PYTHONPATH"] == ""
    assert environment["PATH"] == f"/t/bin:{os.environ['PATH']}"


def test_some_capabilities_may_be_chosen() -> None:
    assert [spec.name for spec in planned(only=("lens",)).processes] == ["lens", "gateway"]


def test_an_unknown_capability_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(PlanError, match="no capability is called astrology; installed are: lens, style"):
        planned(only=("astrology",))


def test_a_port_that_is_asked_for_is_given_or_refused() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PlanError, match=f"port {port} is taken"):
            planned(port=port)
    assert planned(port=port).address == f"127.0.0.1:{port}"


def test_the_usual_port_is_given_up_with_a_remark_when_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        monkeypatch.setattr("atelier_local.plan.DEFAULT_PORT", port)
        found = planned(port=None)
    assert found.address != f"127.0.0.1:{port}"
    assert f"port {port} is taken" in found.notes[0]


def test_a_stack_goes_on_without_a_plugins_capability_unless_it_was_asked_for() -> None:
    lens, style, gateway = planned().processes
    assert (lens.plugin, lens.optional) == ("optics 2.1", True)
    assert (style.plugin, style.optional, gateway.optional) == ("", False, False)
    assert not planned(only=("lens",)).processes[0].optional


def test_python_means_the_interpreter_that_the_stack_runs_in(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = replace(capability("lens"), command=("python", "-m", "optics"))
    monkeypatch.setattr(plugins, "capabilities", lambda _: (asked,))
    assert planned().processes[0].command == (sys.executable, "-m", "optics")


def test_a_capabilitys_own_environment_and_budget_go_to_its_process(monkeypatch: pytest.MonkeyPatch) -> None:
    own = replace(
        capability("lens"),
        environment={"GREETING": "hello", "ATELIER_LISTEN": "elsewhere"},
        resources=Resources(memory_bytes=2**30),
    )
    monkeypatch.setattr(plugins, "capabilities", lambda _: (own,))
    lens, _ = planned().processes
    assert (lens.environment["GREETING"], lens.memory_bytes) == ("hello", 2**30)
    assert lens.environment["ATELIER_LISTEN"] == lens.address


def needed(*only: str) -> Collection[str] | None:
    return models_needed(PlanOptions(Path("/home"), Path("/state"), only))


def test_capabilities_that_are_named_need_their_models_and_the_face_encoder_alone() -> None:
    assert needed("style") == {"style_net", "mesh", "face_encoder"}
    assert needed("style", "lens") == {"style_net", "lens_net", "mesh", "face_encoder"}


def test_a_whole_stack_needs_every_model() -> None:
    assert needed() is None


def test_nothing_is_installed_for_a_capability_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack, "prepare", lambda *_, **__: pytest.fail("it was prepared for"))
    with pytest.raises(PlanError, match="no capability is called astrology"):
        stack.prepared(PlanOptions(Path("/home"), Path("/state"), ("astrology",)))
