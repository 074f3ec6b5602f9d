"""A stack of toy processes: what it promises of starting, dying and stopping."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from atelier_local import record
from atelier_local.errors import StackError, SupervisorGoneError
from atelier_local.process import ProcessState
from atelier_local.stack import Stack, stop
from atelier_local.sweep import STACK_MARK

from tests.deploy.local.toys import ORPHAN, SERVER, STUBBORN, planned, script, server

if TYPE_CHECKING:
    from collections.abc import Callable

    StartStack = Callable[..., Stack]


def processes_of(stack: Stack) -> list[psutil.Process]:
    """List every process that carries the stack's mark."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(STACK_MARK) == stack.record.id:
                found.append(process)
        except psutil.Error:
            continue
    return found


def is_free(address: str) -> bool:
    host, port = address.split(":")
    with socket.socket() as attempt:
        return attempt.connect_ex((host, int(port))) != 0


def eventually(claim: Callable[[], bool], seconds: float = 20) -> bool:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if claim():
            return True
        time.sleep(0.05)
    return claim()


def test_a_stack_is_ready_when_every_process_answers(start: StartStack) -> None:
    greeting = "100 % \"quoted\" 'twice'; # not a comment"
    stack = start(server("one"), server("two", needs=("one",), GREETING=greeting))
    assert [status.state for status in stack.statuses()] == [ProcessState.READY] * 2
    assert all(status.ready_after_seconds is not None for status in stack.statuses())
    assert {stack.pid("one"), stack.pid("two")} == {status.pid for status in stack.statuses()}
    assert f"listening {greeting}" in stack.log("two").read_text()


def test_a_killed_process_comes_back_on_its_port_and_ends_what_it_left_behind(start: StartStack) -> None:
    stack = start(server("one", ORPHAN), server("two", ORPHAN))
    before = stack.pid("one")
    assert len(processes_of(stack)) == 5  # supervisor, two servers, two grandchildren
    os.kill(before, signal.SIGKILL)
    assert eventually(lambda: stack.statuses()[0].pid not in {before, None})
    assert [status.state for status in stack.wait_ready(timeout_seconds=30)] == [ProcessState.READY] * 2
    assert len(processes_of(stack)) == 5
    assert "an earlier one had left processes behind" in stack.log("one").read_text()
    assert "left processes behind" not in stack.log("two").read_text()


def test_a_process_is_restarted_or_stopped_on_request(start: StartStack) -> None:
    stack = start(server("one"))
    before = stack.pid("one")
    stack.restart("one", timeout_seconds=30)
    assert before != stack.pid("one")
    stack.stop("one")
    assert ProcessState.STOPPED is stack.statuses()[0].state
    with pytest.raises(StackError, match="one is not running"):
        stack.pid("one")


def test_down_ends_all_processes_frees_the_ports_and_forgets_the_stack(start: StartStack, tmp_path: Path) -> None:
    stack = start(server("one", STUBBORN), server("two"))
    assert len(processes_of(stack)) >= 4  # supervisor, two servers, one grandchild
    stack.down()
    assert processes_of(stack) == []
    assert all(is_free(spec.address) for spec in stack.record.processes)
    assert Stack.find(tmp_path) is None
    assert not stack.record.janitor.is_alive() if stack.record.janitor else False
    assert {"logs", "lock", "supervisord.conf"} == {path.name for path in tmp_path.iterdir()}


def test_a_process_that_keeps_dying_fails_the_start_with_its_last_words(tmp_path: Path) -> None:
    doomed = script("doomed", "import sys; print('the port is made of cheese'); sys.exit(3)")
    with pytest.raises(StackError, match=r"(?s)doomed keeps ending: ended with exit status 3.*made of cheese"):
        Stack.start(planned(doomed), tmp_path, owned=True)
    assert Stack.find(tmp_path) is None


def test_a_process_that_never_answers_is_named_when_time_is_up(tmp_path: Path) -> None:
    # A shell: Python itself may take longer to begin than is waited here.
    mute = replace(script("mute", ""), command=("sh", "-c", "echo thinking; exec sleep 600"))
    with pytest.raises(StackError, match=r"(?s)mute is not ready after 2 s: it does not answer yet.*thinking"):
        Stack.start(planned(mute), tmp_path, owned=True, timeout_seconds=2)


def test_a_command_that_does_not_exist_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("atelier_local.watch.DEATHS_BEFORE_GIVING_UP", 1)
    absent = script("absent", "")
    missing = type(absent)("absent", ("/nowhere/at-all",), absent.address, absent.probe)
    with pytest.raises(StackError, match="/nowhere/at-all cannot be started: No such file or directory"):
        Stack.start(planned(missing), tmp_path, owned=True)


def test_the_folder_of_a_stack_is_its_owners_alone(tmp_path: Path) -> None:
    with record.lock(tmp_path / "run"):
        assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o700


def test_a_second_start_in_one_folder_is_refused_and_harms_nothing(start: StartStack, tmp_path: Path) -> None:
    stack = start(server("one"))
    with pytest.raises(StackError, match="running already"):
        Stack.start(planned(server("other")), tmp_path)
    assert ProcessState.READY is stack.statuses()[0].state


def test_two_folders_hold_two_stacks(start: StartStack, tmp_path: Path) -> None:
    first, second = (start(server("one"), state_dir=tmp_path / name) for name in ("a", "b"))
    first.down()
    assert ProcessState.READY is second.statuses()[0].state


def test_nothing_is_left_when_the_supervisor_is_killed(start: StartStack, tmp_path: Path) -> None:
    stack = start(server("one", ORPHAN))
    os.kill(stack.record.supervisor.pid, signal.SIGKILL)
    assert eventually(lambda: not processes_of(stack))
    assert eventually(lambda: record.read(tmp_path) is None)
    with pytest.raises(SupervisorGoneError, match="does not answer"):
        stack.statuses()


def test_down_sweeps_up_when_supervisor_and_janitor_were_killed(start: StartStack, tmp_path: Path) -> None:
    stack = start(server("one", ORPHAN))
    assert stack.record.janitor is not None
    os.kill(stack.record.janitor.pid, signal.SIGKILL)
    os.kill(stack.record.supervisor.pid, signal.SIGKILL)
    assert eventually(lambda: not stack.record.supervisor.is_alive())
    assert processes_of(stack)
    assert stop(tmp_path)
    assert processes_of(stack) == []
    assert not stop(tmp_path)


def test_start_sweeps_up_what_an_earlier_stack_left(start: StartStack, tmp_path: Path) -> None:
    earlier = start(server("one", ORPHAN))
    assert earlier.record.janitor is not None
    os.kill(earlier.record.janitor.pid, signal.SIGKILL)
    os.kill(earlier.record.supervisor.pid, signal.SIGKILL)
    later = start(server("one"))
    assert processes_of(earlier) == []
    assert ProcessState.READY is later.statuses()[0].state


def test_an_owned_stack_ends_with_its_owner(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path\n"
        "from tests.deploy.local.toys import planned, server\n"
        "from atelier_local.stack import Stack\n"
        "Stack.start(planned(server('one')), Path(sys.argv[1]), owned=True); print('up', flush=True); time.sleep(600)"
    )
    root = Path(__file__).parents[3]
    owner = subprocess.Popen((sys.executable, "-c", code, str(tmp_path)), cwd=root, stdout=subprocess.PIPE)
    assert owner.stdout is not None
    with owner, owner.stdout:
        assert owner.stdout.readline() == b"up\n"
        stack = Stack.find(tmp_path)
        assert stack is not None
        owner.kill()
    assert eventually(lambda: not processes_of(stack))


def test_shared_memory_that_a_killed_process_left_is_removed(start: StartStack) -> None:
    name = f"triton_python_backend_shm_region_{os.getpid()}"
    segment = Path("/dev/shm") / name  # noqa: S108 - where POSIX shared memory lies on Linux
    if not segment.parent.is_dir():
        pytest.skip("this system has no /dev/shm")
    segment.write_bytes(b"left behind")
    start(server("one"))
    assert not segment.exists()


LEAKS = """
held = []
while True:
    held.append(bytearray(8 * 1024 * 1024))
    time.sleep(0.02)
"""


def test_a_stack_goes_on_without_an_optional_process_that_keeps_ending_and_says_whose_it_is(start: StartStack) -> None:
    dying = replace(script("two", "raise SystemExit(3)"), optional=True, plugin="optics 2.1")
    stack = start(server("one"), dying)
    one, two = stack.statuses()
    assert one.state is ProcessState.READY
    assert two.state in {ProcessState.RESTARTING, ProcessState.FAILED}
    assert two.detail == "ended with exit status 3 (plugin optics 2.1)"


def test_a_process_above_its_memory_is_started_anew_and_the_operator_is_told(start: StartStack) -> None:
    greedy = SERVER.replace("server.wait_for_termination()", LEAKS)
    spec = server("two")
    spec = replace(
        spec,
        command=(sys.executable, "-c", greedy, spec.address),
        memory_bytes=300 * 1024 * 1024,
        optional=True,
        plugin="optics 2.1",
    )
    stack = start(server("one"), spec)
    one, two = stack.pid("one"), stack.pid("two")
    assert eventually(lambda: stack.statuses()[1].pid not in {two, None})
    assert stack.pid("one") == one
    assert eventually(lambda: "two of the plugin optics 2.1 held" in stack.log("janitor").read_text())
    assert eventually(
        lambda: (
            stack.statuses()[1].state is not ProcessState.READY
            or "its budget is 300 MiB: it is started anew" in stack.statuses()[1].detail
        )
    )
