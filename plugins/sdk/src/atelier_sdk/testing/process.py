"""A capability's process: started by its command, asked for its health, stopped by SIGTERM."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import grpc
import psutil
from grpc_health.v1 import health_pb2, health_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from atelier_sdk.capability import Capability

Result = TypeVar("Result")

START_SECONDS: Final = 120.0
STOP_SECONDS: Final = 120.0
ASK_SECONDS: Final = 20.0
SERVING: Final = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING: Final = health_pb2.HealthCheckResponse.NOT_SERVING

_QUIET_SECONDS, _LOOK_SECONDS = 0.2, 0.05
_QUIET_CPU_SECONDS = 0.02  # less than this in a look is a process that waits


class StartError(Exception):
    """The process did not become ready; the sentence says what was seen, with the end of its log."""


class ServiceProcess:
    """One process of a capability on loopback, ready to be called."""

    def __init__(self, capability: Capability, environment: Mapping[str, str]) -> None:
        """Start it and wait until it says SERVING. Raises StartError."""
        self._capability = capability
        self._folder = tempfile.TemporaryDirectory(prefix="atelier-conformance-")
        self.address = f"127.0.0.1:{_free_port()}"
        self._log = Path(self._folder.name, "log")
        with self._log.open("wb") as log:
            self._popen = subprocess.Popen(
                capability.command_here, env=self._environment(environment), stdout=log, stderr=log
            )
        self._process = psutil.Process(self._popen.pid)
        self.channel = channel(self.address, capability)
        try:
            self._wait()
        except BaseException:
            self.close()
            raise

    @property
    def runs(self) -> bool:
        """Say whether the process has not ended."""
        return self._popen.poll() is None

    def terminate(self) -> None:
        """Send SIGTERM."""
        self._popen.send_signal(signal.SIGTERM)

    def ended(self) -> int | None:
        """Wait for the end and return the exit code; None where it does not come."""
        try:
            return self._popen.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            return None

    def close(self) -> None:
        """End it by force, if it runs, and forget its folder."""
        self.channel.close()
        if self.runs:
            self._popen.kill()
        self._popen.wait()
        self._folder.cleanup()

    def end_of_log(self) -> str:
        """Return the last lines that it wrote."""
        lines = self._log.read_text("utf-8", "replace").splitlines() if self._log.exists() else []
        return "\n".join(lines[-15:]) or "(it wrote nothing)"

    def cpu_seconds(self) -> float:
        """Return the processor time that it and its children have used."""
        total = 0.0
        with contextlib.suppress(psutil.NoSuchProcess):
            for each in (self._process, *self._process.children(recursive=True)):
                with contextlib.suppress(psutil.NoSuchProcess):
                    times = each.cpu_times()
                    total += times.user + times.system
        return total

    def wait_for_cpu(self, seconds: float, *, at_most_seconds: float) -> None:
        """Wait until the process itself has used so much more processor time, or for so long by the clock."""
        before, ends = sum(self._process.cpu_times()[:2]), time.monotonic() + at_most_seconds
        while sum(self._process.cpu_times()[:2]) - before < seconds and time.monotonic() < ends:
            time.sleep(0.005)

    def spent(self, work: Callable[[], Result]) -> tuple[float, Result]:
        """Do `work`; return the processor seconds used from its start until the process is quiet, and its result."""
        before = self.cpu_seconds()
        result = work()
        last, quiet_since = self.cpu_seconds(), time.monotonic()
        ends = quiet_since + STOP_SECONDS
        while time.monotonic() - quiet_since < _QUIET_SECONDS and time.monotonic() < ends:
            time.sleep(_LOOK_SECONDS)
            now = self.cpu_seconds()
            if now - last >= _QUIET_CPU_SECONDS or self._has_work():
                quiet_since = time.monotonic()
            last = now
        return last - before, result

    def _has_work(self) -> bool:
        """Say whether a thread wants the processor, though it may have to wait for it on a busy machine (Linux)."""
        for stat in Path(f"/proc/{self._popen.pid}/task").glob("*/stat"):
            with contextlib.suppress(OSError):  # the thread has just ended
                if stat.read_text().rpartition(")")[2].split()[0] == "R":
                    return True
        return False

    def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        state = self._folder.name
        own = {"ATELIER_LISTEN": self.address, "ATELIER_STATE": state, "ATELIER_TRITON_URL": "", "PATH": tools}
        quiet = {"ATELIER_CANARY_SECONDS": "600", "ATELIER_LOG_STYLE": "json"}  # a canary uses processor time too
        return {**os.environ, **quiet, **own, **more}

    def _wait(self) -> None:
        ends = time.monotonic() + START_SECONDS
        while time.monotonic() < ends:
            if not self.runs:
                raise StartError(
                    f"its process ended with {self._popen.returncode} before it was ready.\n{self._seen()}"
                )
            if health(self.channel, self._capability.service) == SERVING:
                return
            time.sleep(0.1)
        raise StartError(f"it did not say SERVING within {START_SECONDS:.0f} s.\n{self._seen()}")

    def _seen(self) -> str:
        return f"command: {' '.join(self._capability.command_here)}\nthe end of its log:\n{self.end_of_log()}"


class HealthWatch:
    """Watch the health of a service from now on until it is NOT_SERVING, in a thread of its own."""

    def __init__(self, channel: grpc.Channel, service: str) -> None:
        self.seen: list[int] = []
        self._first = threading.Event()
        request = health_pb2.HealthCheckRequest(service=service)
        self._stream = health_pb2_grpc.HealthStub(channel).Watch(request)
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()
        self._first.wait(ASK_SECONDS)

    def end(self) -> list[int]:
        """Stop watching and return the statuses in their order."""
        self._thread.join(5)
        self._stream.cancel()
        return self.seen

    def _follow(self) -> None:
        with contextlib.suppress(grpc.RpcError):
            for answer in self._stream:
                self.seen.append(answer.status)
                self._first.set()
                if answer.status == NOT_SERVING:
                    self._stream.cancel()  # a server that drains waits for streams too
        self._first.set()


def channel(address: str, capability: Capability) -> grpc.Channel:
    """Open a channel that takes messages as large as the capability's."""
    longest = capability.limits.max_message_bytes
    options = [("grpc.max_receive_message_length", longest), ("grpc.max_send_message_length", longest)]
    return grpc.insecure_channel(address, options)


def health(channel: grpc.Channel, service: str) -> int | grpc.StatusCode:
    """Ask `grpc.health.v1`, and return the status or the code of a refusal."""
    try:
        answer = health_pb2_grpc.HealthStub(channel).Check(
            health_pb2.HealthCheckRequest(service=service), timeout=ASK_SECONDS
        )
    except grpc.RpcError as error:
        return error.code()
    return int(answer.status)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
