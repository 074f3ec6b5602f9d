"""What the rules of the contract share: the processes under test, and answers that several of them look at."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NoReturn

import pytest

from atelier_sdk.errors import ModelNotInstalledError
from atelier_sdk.testing.api import Api
from atelier_sdk.testing.calls import Answer, Caller, Refusal, request
from atelier_sdk.testing.portrait import jpeg, png, portrait
from atelier_sdk.testing.process import ServiceProcess, StartError, channel

if TYPE_CHECKING:
    from collections.abc import Mapping

    import grpc
    from google.protobuf.descriptor import MethodDescriptor

    from atelier_sdk.capability import Capability
    from atelier_sdk.testing.edit import Edit

LONG_ENOUGH_SECONDS: Final = 0.3
"""Of the clock and of the processor: what a call takes at least, so that one can see whether it was stopped."""
SMALL_EDGE, LARGE_EDGE = 384, 3072
"""Edges in pixels of the picture that such a call is tried with, and of the largest where it is over too soon."""

_SAYS_ALL: Final = frozenset({"INVALID_ARGUMENT", "FAILED_PRECONDITION"})
"""Codes of refusals that are meant, and say themselves what is wrong; behind others the service's log knows more."""


@dataclass(frozen=True, slots=True)
class Load:
    """A call that takes a while: its message, its time by the clock, the processor's time that it costs."""

    message: Any
    wall_seconds: float
    cpu_seconds: float


@dataclass
class Bench:
    """One capability under test."""

    capability: Capability
    edits: tuple[Edit, ...]
    environment: Mapping[str, str]
    without: Mapping[str, str]
    address: str = ""
    _first: ServiceProcess | None = None
    _second: ServiceProcess | None = None
    _answers: dict[tuple[Edit, float], Answer] = field(default_factory=dict)
    _loads: dict[Edit, Load] = field(default_factory=dict)
    _channel: grpc.Channel | None = None

    def __post_init__(self) -> None:
        self.api = Api(self.capability)

    def process(self) -> ServiceProcess:
        """Return the process that most rules are tried on."""
        if self._first is None or not self._first.runs:
            self._first = self._started()
        return self._first

    def second_process(self) -> ServiceProcess:
        """Return another process of the same command."""
        if self._second is None or not self._second.runs:
            self._second = self._started()
        return self._second

    def channel(self) -> grpc.Channel:
        """Return the channel of the service under test."""
        if not self.address:
            return self.process().channel
        if self._channel is None:
            self._channel = channel(self.address, self.capability)
        return self._channel

    def method(self, edit: Edit) -> MethodDescriptor:
        """Return the RPC of an edit."""
        found = self.api.edits().get(edit.rpc)
        if found is None:
            broken(
                f"{edit.rpc} is no edit of {self.capability.service}",
                f"Name one of: {', '.join(self.api.edits()) or 'none'}. An edit takes `image` of atelier.v1.Image and "
                "answers `image` and `report` of atelier.v1.Report.",
            )
        return found

    def answer(self, edit: Edit, setting: float) -> Answer:
        """Return the answer to the portrait at a setting; it is asked for once."""
        key = (edit, setting)
        if key not in self._answers:
            self._answers[key] = self.ask(edit, edit.at(setting), png(portrait()))
        return self._answers[key]

    def ask(self, edit: Edit, fields: Mapping[str, Any], content: bytes, through: Caller | None = None) -> Answer:
        """Call an edit, which must answer."""
        got = (through or Caller(self.channel())).ask(self.method(edit), fields, content)
        if isinstance(got, Refusal):
            broken(f"{edit.rpc} refused the kit's portrait with {dict(fields)}: {got}", self._advice(got))
        return got

    def load(self, edit: Edit) -> Load:
        """Return a call of an edit that takes long enough to be stopped, or the longest that there is."""
        if edit not in self._loads:
            self._loads[edit] = self._measured(edit)
        return self._loads[edit]

    def close(self) -> None:
        """End what runs."""
        for each in (self._first, self._second):
            if each is not None:
                each.close()
        self._first = self._second = None

    def _measured(self, edit: Edit) -> Load:
        largest = min(LARGE_EDGE, math.isqrt(self.capability.limits.max_pixels))
        edge, load = SMALL_EDGE, self._taken(edit, SMALL_EDGE)
        while (taken := min(load.wall_seconds, load.cpu_seconds)) < LONG_ENOUGH_SECONDS and edge < largest:
            # Work grows with the number of pixels, at least; part of it may be the same for every picture.
            edge = min(largest, round(edge * max(1.3, math.sqrt(1.5 * LONG_ENOUGH_SECONDS / max(taken, 0.01)))))
            load = self._taken(edit, edge)
        return load

    def _taken(self, edit: Edit, edge: int) -> Load:
        message = request(self.method(edit), edit.at(edit.settings[-1]), jpeg(portrait(edge=edge)))

        def work() -> float:
            started = time.monotonic()
            got = Caller(self.channel()).send(self.method(edit), message)
            if isinstance(got, Refusal):
                broken(f"{edit.rpc} refused a portrait in JPEG: {got}", "Serve JPEG of up to limits.max_pixels.")
            return time.monotonic() - started

        cpu_seconds, wall_seconds = self.process().spent(work)
        return Load(message, wall_seconds, cpu_seconds)

    def _started(self) -> ServiceProcess:
        try:
            return ServiceProcess(self.capability, self.environment)
        except (StartError, OSError) as error:
            broken(
                f"the service of {self.capability.name} cannot be started: {error}",
                "`Capability.command` must start a gRPC server that listens on ATELIER_LISTEN, and `grpc.health.v1` "
                f"must answer SERVING for {self.capability.service}.",
            )

    def _advice(self, got: Refusal) -> str:
        """Say what helps against a refusal of the kit's portrait, with the service's log where that knows more."""
        if ModelNotInstalledError.reason in got.reasons:
            return "Install what is missing, and run again; the kit asks the service as it will be asked when it works."
        advice = "Check `request`, `neutral` and `settings` of this Edit; a portrait with a clear face must be served."
        if self.address or got.code in _SAYS_ALL:
            return advice
        return f"{advice}\nThe end of the service's log:\n{self.process().end_of_log()}"


def broken(seen: str, to_do: str) -> NoReturn:
    """Fail a test: what was seen, and what its author can do."""
    __tracebackhide__ = True
    pytest.fail(f"{seen}\n→ {to_do}", pytrace=False)


def hold(kept: bool, seen: str, to_do: str) -> None:
    """Fail a test unless a rule is kept."""
    __tracebackhide__ = True
    if not kept:
        broken(seen, to_do)
