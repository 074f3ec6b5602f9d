"""Rules about work that nobody waits for any more."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import pytest

from atelier_sdk.testing.bench import hold
from atelier_sdk.testing.calls import Caller, Refusal
from atelier_sdk.testing.portrait import png, portrait
from atelier_sdk.testing.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_sdk.testing.bench import Load
    from atelier_sdk.testing.edit import Edit

STOPPED_SHARE: Final = 0.8
"""A call that is stopped early may cost this much of a whole one: work stops between stages, and stages are coarse."""
EARLY: Final = 0.15
"""When a call is stopped, as a share of the time that it usually takes."""
BEGUN_SHARE: Final = 0.05
"""Who used less had not begun, and shows nothing."""
ATTEMPTS: Final = 3
TOO_QUICK_SECONDS: Final = 0.15


class Stopping(Rules):
    """Work that nobody waits for stops."""

    def test_cancelling_stops_the_work(self, operation: Edit) -> None:
        """A call that nobody waits for costs less than a whole one, and its slot is free again."""
        load = self._long_enough(operation)

        process, method = self.bench.process(), self.bench.method(operation)

        def cancel(share: float) -> bool:
            pending = Caller(process.channel).begin(method, load.message)
            process.wait_for_cpu(share * load.cpu_seconds, at_most_seconds=load.wall_seconds)
            pending.cancel()
            return False

        self._check_stopped(operation, load, cancel, "Ask between stages whether the call is still wanted.")

    def test_a_deadline_ends_the_work(self, operation: Edit) -> None:
        """A call whose deadline cannot suffice is refused, or ends in time with its work."""
        load = self._long_enough(operation)
        caller, method = Caller(self.bench.channel()), self.bench.method(operation)
        ends: list[str] = []

        def wait(share: float) -> bool:
            got = caller.send(method, load.message, share * load.wall_seconds)
            ends.append(got.code if isinstance(got, Refusal) else "an answer")
            return isinstance(got, Refusal) and bool(got.reasons)

        self._check_stopped(operation, load, wait, "Stop at the deadline, or refuse what usually takes longer.")
        hold(
            set(ends) == {"DEADLINE_EXCEEDED"},
            f"{operation.rpc}, with a deadline of {EARLY * load.wall_seconds:.2f} s, ended with {', '.join(ends)}",
            "End with DEADLINE_EXCEEDED.",
        )

    def _long_enough(self, edit: Edit) -> Load:
        self.needs_processes()
        load = self.bench.load(edit)
        if min(load.wall_seconds, load.cpu_seconds) < TOO_QUICK_SECONDS:
            pytest.skip(f"{edit.rpc} is over in {load.wall_seconds:.2f} s: too soon to see whether it can be stopped")
        return load

    def _check_stopped(self, edit: Edit, load: Load, work: Callable[[float], bool], advice: str) -> None:
        """Hold that a call that is stopped early, and had begun, saves work, and that the next call is served.

        `work` calls, stops after a share of a whole call, and says whether the service refused the call by itself. On a
        busy machine it may be stopped before it has begun, or late; then another share is tried.
        """
        share, costs = EARLY, list[float]()
        for _ in range(ATTEMPTS):
            cost, refused = self.bench.process().spent(partial(work, share))
            costs.append(cost / load.cpu_seconds)
            if refused or BEGUN_SHARE <= costs[-1] <= STOPPED_SHARE:
                break
            share *= 0.5 if costs[-1] > STOPPED_SHARE else 1.6
        seen = ", ".join(f"{cost:.0%}" for cost in costs)
        hold(
            costs[-1] <= STOPPED_SHARE,
            f"{edit.rpc} was to stop early and used {seen} of the processor time of a whole call "
            f"({load.cpu_seconds:.2f} s)",
            advice,
        )
        self.bench.ask(edit, edit.unchanged, png(portrait()))
