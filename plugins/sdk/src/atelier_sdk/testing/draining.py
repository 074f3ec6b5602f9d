"""The rule about the end of a process."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import grpc

from atelier_sdk.testing.bench import broken, hold
from atelier_sdk.testing.calls import Answer, Caller, Refusal
from atelier_sdk.testing.portrait import png, portrait
from atelier_sdk.testing.process import NOT_SERVING, SERVING, HealthWatch
from atelier_sdk.testing.rules import Rules

if TYPE_CHECKING:
    from atelier_sdk.testing.calls import Pending

NOTICED_SECONDS: Final = 5.0
"""A signal may be noticed that late on a busy machine."""
BEGUN: Final = 0.15
"""A call is surely worked on after this share of the time that it usually takes."""


class Draining(Rules):
    """A process ends in order."""

    def test_sigterm_drains(self) -> None:
        """Health turns to NOT_SERVING, the running call ends well, a new one is sent away, the exit code is 0."""
        self.needs_processes()
        # The second one, where there is one already: the first may have calls left to answer.
        process = self.bench.second_process() if self.bench.edits else self.bench.process()
        service = self.bench.capability.service
        watch = HealthWatch(process.channel, service)
        running = self._begun(process.channel) if self.bench.edits else None
        process.terminate()
        if running is not None:
            self._check_sends_away(process.channel)
            self._check_ends_well(running)
        code = process.ended()
        hold(
            code == 0,
            f"after SIGTERM the process {'did not end' if code is None else f'ended with {code}'}",
            f"Finish what runs, then exit with 0. The end of its log:\n{process.end_of_log()}",
        )
        seen = watch.end()
        hold(
            seen[:1] == [SERVING] and NOT_SERVING in seen,
            f"while draining, health went through {seen} (1 is SERVING, 2 NOT_SERVING)",
            "Set NOT_SERVING for the service as soon as SIGTERM comes.",
        )

    def _begun(self, channel: grpc.Channel) -> Pending:
        """Begin the longest call, and wait until it is surely worked on."""
        edit = self.bench.edits[0]
        load = self.bench.load(edit)
        pending = Caller(channel).begin(self.bench.method(edit), load.message)
        time.sleep(0.1 + BEGUN * load.wall_seconds)
        return pending

    def _check_sends_away(self, channel: grpc.Channel) -> None:
        """Hold that calls after SIGTERM are refused, once it has been noticed, so that they are tried elsewhere."""
        edit, ends = self.bench.edits[0], time.monotonic() + NOTICED_SECONDS
        caller, method, picture = Caller(channel), self.bench.method(edit), png(portrait())
        got = caller.ask(method, edit.unchanged, picture)
        while isinstance(got, Answer) and time.monotonic() < ends:
            got = caller.ask(method, edit.unchanged, picture)
        hold(
            isinstance(got, Refusal) and got.code == "UNAVAILABLE",
            f"a new call after SIGTERM met {'an answer' if isinstance(got, Answer) else got}",
            "Refuse new calls with UNAVAILABLE (DRAINING) while those that run finish; callers try elsewhere.",
        )

    def _check_ends_well(self, running: Pending) -> None:
        try:
            running.result()
        except grpc.RpcError as error:
            broken(
                f"the call that ran when SIGTERM came ended with {error.code().name}: {error.details()}",
                "Let running calls finish before the server stops (grpc: server.stop(grace)).",
            )
