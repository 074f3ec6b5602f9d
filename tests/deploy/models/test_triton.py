from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from atelier_models import triton
from atelier_models.triton import TritonInstall, triton_command
from atelier_sdk.errors import HostUnsuitableError

if TYPE_CHECKING:
    from tests.deploy.models.conftest import Listener

INSTALL = TritonInstall(
    python=Path("/envs/t/bin/python"),
    server=Path("/envs/t/server/bin/tritonserver"),
    backends=Path("/envs/t/server/backends"),
    environment={"LD_LIBRARY_PATH": "/envs/t/libs"},
)


def options() -> dict[str, str]:
    command, _ = triton_command(INSTALL, Path("/repository"), 1, 2, 3)
    return dict(word.removeprefix("--").split("=", 1) for word in command[1:] if "=" in word)


def test_everything_listens_on_loopback_at_the_given_ports() -> None:
    given = options()
    assert {given[f"{kind}-address"] for kind in ("http", "grpc", "metrics")} == {"127.0.0.1"}
    assert [given[f"{kind}-port"] for kind in ("http", "grpc", "metrics")] == ["1", "2", "3"]


def test_models_are_fixed_and_configurations_complete() -> None:
    command, _ = triton_command(INSTALL, Path("/repository"), 1, 2, 3)
    assert command[:2] == ["/envs/t/server/bin/tritonserver", "--disable-auto-complete-config"]
    assert (options()["model-control-mode"], options()["model-repository"]) == ("none", "/repository")


@pytest.mark.parametrize("kind", ["http-restricted-api", "grpc-restricted-protocol"])
def test_all_but_inference_health_and_shared_memory_wants_a_key_that_differs_each_time(kind: str) -> None:
    first, second = options()[kind], options()[kind]
    assert first.split(":")[0] == "metadata,model-config,model-repository,statistics,trace,logging"
    assert first != second


def test_the_environment_comes_first_on_the_path_and_ours_stays_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("PATH", "/usr/bin")
    _, environment = triton_command(INSTALL, Path("/repository"), 1, 2, 3)
    assert (environment["PATH"], environment["LD_LIBRARY_PATH"]) == ("/envs/t/bin:/usr/bin", "/envs/t/libs")
    assert "PYTHONPATH" not in environment


def test_another_machine_is_refused_with_the_reason(
    tmp_path: Path, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    with pytest.raises(HostUnsuitableError, match=r"for Linux on x86-64, not for .* on arm64"):
        triton.ensure_triton(tmp_path, listener)
    assert listener.steps == []


def test_a_python_without_its_shared_library_is_refused_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sysconfig.get_config_var", lambda _name: str(tmp_path))
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr("sys.platform", "linux")
    reason = triton.why_unsuitable()
    assert reason is not None
    assert f"{tmp_path}/libpython3.11.so.1.0 is not there" in reason
