"""`atelier up`, `status`, `logs` and `down`, with toy processes for a plan."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from atelier_local import commands
from atelier_local.errors import PlanError
from atelier_local.stack import Stack, stop
from click.testing import CliRunner

from tests.deploy.local.toys import planned, script, server

if TYPE_CHECKING:
    from collections.abc import Iterator

    import click
    from click.testing import Result

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give every test a state folder of its own, and two toy processes for a plan."""
    monkeypatch.setenv("ATELIER_STATE", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setattr(commands, "prepared", lambda *_: planned(server("one"), server("two")))
    yield tmp_path
    stop(tmp_path)


def run(command: click.Command, *arguments: str) -> Result:
    return CliRunner().invoke(command, arguments)


def test_a_stack_goes_up_is_seen_and_goes_down(state: Path) -> None:
    started = run(commands.up, "--detach")
    assert started.exit_code == 0, started.output
    assert started.stdout.count("ready  ") == 2
    assert f"logs {state}/logs" in started.stdout

    seen = json.loads(run(commands.status, "--json").stdout)
    assert (seen["ready"], seen["executor"]) == (True, "in-process")
    assert [process["state"] for process in seen["processes"]] == ["ready", "ready"]
    assert all(process["ready_after_seconds"] > 0 for process in seen["processes"])

    again = run(commands.up, "--detach", "--json")
    assert again.exit_code == 0
    assert "already running" in again.stderr
    assert [one["pid"] for one in json.loads(again.stdout)["processes"]] == [one["pid"] for one in seen["processes"]]

    assert "listening" in run(commands.logs, "one").stdout
    everything = run(commands.logs).stdout
    assert "==> one <==" in everything
    assert "==> two <==" in everything

    assert run(commands.down).stderr == "stopped\n"
    gone = run(commands.status)
    assert gone.exit_code == 1
    assert "no stack is running" in gone.stderr
    assert "no stack is running" in run(commands.down).stderr


@pytest.mark.parametrize(
    ("option", "value", "why"), [("--only", "one,three", "without three"), ("--port", "1", " at ")]
)
def test_another_stack_is_not_passed_off_as_the_one_that_is_asked_for(option: str, value: str, why: str) -> None:
    run(commands.up, "--detach")
    refused = run(commands.up, "--detach", option, value)
    assert refused.exit_code == 1
    assert "another stack is running in" in refused.stderr
    assert why in refused.stderr
    assert run(commands.up, "--detach", "--only", "one").exit_code == 0


def test_status_says_in_its_exit_code_that_something_is_not_ready(state: Path) -> None:
    run(commands.up, "--detach")
    stack = Stack.find(state)
    assert stack is not None
    stack.stop("two")
    seen = run(commands.status)
    assert seen.exit_code == 2
    assert "stopped" in seen.stdout


def test_status_of_nothing_is_json_too() -> None:
    seen = run(commands.status, "--json")
    assert (seen.exit_code, json.loads(seen.stdout)) == (1, {"running": False})


def test_a_process_that_keeps_dying_is_explained_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("atelier_local.watch.DEATHS_BEFORE_GIVING_UP", 1)
    monkeypatch.setattr(commands, "prepared", lambda *_: planned(script("doomed", "raise SystemExit('cheese')")))
    result = run(commands.up, "--detach")
    assert result.exit_code == 1
    assert "Error: doomed keeps ending: ended with exit status 1\ncheese" in result.stderr
    assert "Traceback" not in result.output


def test_a_plan_that_cannot_be_made_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    def impossible(*_: object) -> None:
        raise PlanError("port 1 is taken by another process")

    monkeypatch.setattr(commands, "prepared", impossible)
    assert "Error: port 1 is taken by another process" in run(commands.up, "--port", "1").stderr


def test_logs_of_an_unknown_process_name_those_that_are_known() -> None:
    assert "there is no log of 'three'; there are: none" in run(commands.logs, "three").stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stack_in_the_foreground_stops_when_it_is_asked_to(state: Path, number: signal.Signals) -> None:
    code = (
        "import signal\n"
        "from atelier_local import commands\n"
        "from tests.deploy.local.toys import planned, server\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # A shell has what runs behind it ignore Ctrl-C.
        "commands.prepared = lambda *_: planned(server('one'))\n"
        "commands.up(['--json'])"
    )
    process = subprocess.Popen((sys.executable, "-c", code), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    with process, ExitStack() as afterwards:
        afterwards.callback(process.kill)
        for line in process.stdout:
            if line == b"}\n":
                break
        stack = Stack.find(state)
        assert stack is not None
        pid = stack.pid("one")
        process.send_signal(number)
        _, said = process.communicate(timeout=120)
    assert b"stopped" in said
    assert b"Traceback" not in said
    assert not Path(f"/proc/{pid}").exists()
    assert Stack.find(state) is None
    assert not stack.record.supervisor.is_alive()


def test_two_users_of_one_folder_start_one_stack(state: Path) -> None:
    code = (
        "from atelier_local import commands\n"
        "from tests.deploy.local.toys import planned, server\n"
        "commands.prepared = lambda *_: planned(server('one'))\n"
        "commands.up(['-d'])"
    )
    both = [
        subprocess.Popen((sys.executable, "-c", code), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    said = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert len({stack.record.id for stack in [Stack.find(state)] if stack}) == 1
