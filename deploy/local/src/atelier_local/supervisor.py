"""The supervisor: supervisord, configured for one stack and asked over its own socket.

It starts, stops and restarts with back-off, keeps logs within bounds and survives the terminal. What it does not know
is left to others: readiness to `stack`, its own sudden death to `janitor`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import xmlrpc.client
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.parsers.expat import ExpatError

from supervisor.xmlrpc import Faults, SupervisorTransport

from atelier_local import paths
from atelier_local.errors import StackError, SupervisorGoneError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from atelier_local.process import ProcessSpec

STARTED_AFTER_SECONDS = 20
"""A process that ends sooner never came up: it is started again after 1, 2, 3 … seconds, not at once."""
START_ATTEMPTS = 6
_STOP_SECONDS = 12
_SOCKET_LIMIT = 100  # bytes that a socket's path may have, with room for what supervisord appends while it binds
_GONE = {"STOPPED", "FATAL", "UNKNOWN"}

_HEAD = """\
[supervisord]
nodaemon=true
silent=true
logfile={logs}/supervisor.log
logfile_maxbytes=1MB
logfile_backups=1
pidfile={state}/supervisor-{id}.pid
childlogdir={logs}

[unix_http_server]
file={socket}
chmod=0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""
_PROGRAM = """
[program:{name}]
command="{python}" -I -m atelier_local.launch "{state}" {name}
autostart=false
autorestart=true
startsecs={started_after}
startretries={attempts}
stopsignal=TERM
stopwaitsecs={stop_seconds}
killasgroup=true
redirect_stderr=true
stdout_logfile={logs}/{name}.log
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=1
"""


@dataclass(frozen=True, slots=True)
class Supervised:
    """What the supervisor says of one process. `is_gone` means that it will not come back by itself."""

    name: str
    pid: int | None
    is_running: bool
    is_gone: bool
    was_stopped: bool
    started: float


class Supervisor:
    """A running supervisord, reached over its socket."""

    def __init__(self, socket: str) -> None:
        self._socket = socket

    def answers(self) -> bool:
        """Say whether it can be reached."""
        try:
            return bool(self._call("getState")["statename"] == "RUNNING")
        except SupervisorGoneError:
            return False

    def start(self, name: str) -> None:
        """Start a process; one that runs is left alone."""
        if not self._process(name).is_running:
            self._call("startProcess", name, False)

    def stop(self, name: str) -> None:
        """Stop a process and wait until it is gone; one that is gone is left alone."""
        if not self._process(name).is_gone:
            try:
                self._call("stopProcess", name, True)
            except xmlrpc.client.Fault as fault:
                if fault.faultCode != Faults.NOT_RUNNING:  # it ended by itself meanwhile
                    raise

    def processes(self) -> dict[str, Supervised]:
        """Tell how every process is.

        Errors: SupervisorGoneError.
        """
        return {one.name: one for one in map(_supervised, self._call("getAllProcessInfo"))}

    def ending(self, name: str) -> str:
        """Say how a process ended last, as the supervisor's own log has it."""
        ends = re.findall(rf"exited: {re.escape(name)} \(([^;)]*)", str(self._call("readLog", -20_000, 0)))
        return f"ended with {ends[-1]}" if ends else "ended"

    def shut_down(self) -> None:
        """Ask it to stop all processes at once, and then itself; do not wait.

        Left to its shutdown alone, it would stop one after another and look only once a second.
        """
        self._call("stopAllProcesses", False)
        self._call("shutdown")

    def _process(self, name: str) -> Supervised:
        return _supervised(self._call("getProcessInfo", name))

    def _call(self, method: str, *arguments: str | int) -> Any:
        """Make a call. Any: what a remote method answers is known to supervisord's documentation alone."""
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        try:
            with xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport) as remote:
                return getattr(remote.supervisor, method)(*arguments)
        except (OSError, HTTPException, xmlrpc.client.ProtocolError, ExpatError) as error:  # cut off in mid-answer too
            raise SupervisorGoneError(f"the supervisor does not answer at {self._socket}: {error}") from error


def _supervised(info: Mapping[str, Any]) -> Supervised:
    state = str(info["statename"])
    return Supervised(
        name=str(info["name"]),
        pid=int(info["pid"]) or None,
        is_running=state in {"RUNNING", "STARTING"},
        is_gone=state in _GONE,
        was_stopped=state == "STOPPED",
        started=float(info["start"]),
    )


def configure(state_dir: Path, specs: Iterable[ProcessSpec], stack_id: str) -> tuple[Path, str]:
    """Write supervisord's configuration and return its path and that of the socket it will listen on."""
    logs = paths.logs(state_dir)
    logs.mkdir(parents=True, exist_ok=True)
    socket = _socket(state_dir, stack_id)
    known = {"state": _escape(state_dir), "logs": _escape(logs)}
    programs = (
        _PROGRAM.format(
            name=spec.name,
            python=_escape(sys.executable),
            started_after=STARTED_AFTER_SECONDS,
            attempts=START_ATTEMPTS,
            stop_seconds=_STOP_SECONDS,
            **known,
        )
        for spec in specs
    )
    file = state_dir / "supervisord.conf"
    file.write_text(_HEAD.format(socket=_escape(socket), id=stack_id, **known) + "".join(programs), encoding="utf-8")
    return file, socket


def launch(configuration: Path, socket: str, environment: Mapping[str, str]) -> int:
    """Start supervisord in a session of its own, wait until it answers, and return its pid.

    Errors: StackError with the end of its log when it does not come up.
    """
    command = (sys.executable, "-I", "-m", "supervisor.supervisord", "-n", "-c", str(configuration))
    log = configuration.parent / "logs" / "supervisor-start.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, start_new_session=True
        )
    ends = time.monotonic() + 15
    while time.monotonic() < ends and process.poll() is None:
        if Supervisor(socket).answers():
            reap(process)
            return process.pid
        time.sleep(0.05)
    process.kill()
    process.wait()
    raise StackError(f"the supervisor did not start: {log.read_text(errors='replace')[-2000:]}")


def reap(process: subprocess.Popen[bytes]) -> None:
    """Take notice of a process's end whenever it comes, so that it leaves no zombie and no warning."""
    threading.Thread(target=process.wait, name=f"reap-{process.pid}", daemon=True).start()


def _socket(state_dir: Path, stack_id: str) -> str:
    """Choose a socket's path: in the state folder, or in the temporary folder where that path would be too long."""
    near = str(state_dir / f"supervisor-{stack_id}.sock")
    if len(os.fsencode(near)) <= _SOCKET_LIMIT:
        return near
    return str(Path(tempfile.gettempdir()) / f"atelier-{stack_id}.sock")


def _escape(value: str | Path) -> str:
    return str(value).replace("%", "%%")
