"""Gateways and processes on a clock that jumps from event to event (simpy).

A call comes to one of the gateways, which chooses among the processes by what it knows itself: its own calls there. The
process works on some calls at once, lets some wait, and refuses the others. That choice is the gateway's own code.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol, cast

import numpy as np
import simpy
from atelier_gateway.endpoints import Backends

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from atelier_gateway.endpoints import Endpoint
    from numpy.typing import NDArray

    from atelier_simulation.workload import Workload

DEADLINE_SECONDS: Final = 60.0
_DRAWN_AT_ONCE: Final = 4096


class Seat:
    """A process as one gateway sees it: what the gateway's choice looks at."""

    __slots__ = ("in_flight", "process", "serving")

    def __init__(self, process: Process) -> None:
        self.process = process
        self.in_flight = 0
        self.serving = True


class Chooser(Protocol):
    """Choose a process for a call; `besides` is one that has just failed."""

    def __call__(self, besides: Seat | None = None) -> Seat:
        """Return the process as the gateway sees it."""


def least_in_flight(seats: Sequence[Seat], _chance: np.random.Generator) -> Chooser:
    """Return the gateway's own choice over these seats."""
    backends = Backends(cast("Iterable[Endpoint]", seats))

    def choose(besides: Seat | None = None) -> Seat:
        return cast("Seat", backends.pick(cast("Endpoint", besides)))

    return choose


def round_robin(seats: Sequence[Seat], chance: np.random.Generator) -> Chooser:
    """Return a choice in turn, begun anywhere, among those that are well."""
    turn = int(chance.integers(len(seats)))

    def choose(besides: Seat | None = None) -> Seat:
        nonlocal turn
        for _ in range(len(seats)):
            turn = (turn + 1) % len(seats)
            if seats[turn].serving and seats[turn] is not besides:
                break
        return seats[turn]

    return choose


@dataclass(slots=True, eq=False)
class Call:
    """One call: when it came, how long its work takes, and where it is."""

    came: float
    seconds: float
    seat: Seat
    gateway: int
    repeated: bool = False


@dataclass(slots=True, eq=False)
class Process:
    """One process of a capability: `slots` calls at once, `room` may wait."""

    slots: int
    room: int
    working: set[Call] = field(default_factory=set)
    waiting: deque[Call] = field(default_factory=deque)
    alive: bool = True
    busy_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Setup:
    """One run: the house, its calls a second, for how many seconds, of which the first `warm_seconds` do not count."""

    workload: Workload
    processes: int
    calls_per_second: float
    gateways: int = 1
    slots: int = 2
    room: int = 16
    seconds: float = 120.0
    warm_seconds: float = 10.0
    seed: int = 1
    choice: Callable[[Sequence[Seat], np.random.Generator], Chooser] = least_in_flight

    @property
    def load(self) -> float:
        """Return which share of the slots the calls would fill."""
        return self.calls_per_second * self.workload.mean_seconds / (self.processes * self.slots)


@dataclass(slots=True)
class Outcome:
    """What became of the calls that counted: seconds and time of coming of each that was answered."""

    seconds: list[float] = field(default_factory=list)
    came: list[float] = field(default_factory=list)
    refused: int = 0
    failed: int = 0
    use: float = 0.0

    @property
    def calls(self) -> int:
        """Return how many calls there were."""
        return len(self.seconds) + self.refused + self.failed

    @property
    def refused_share(self) -> float:
        """Return the share of calls for which there was no room."""
        return self.refused / max(1, self.calls)

    def quantile(self, share: float) -> float:
        """Return the seconds that this share of the answered calls took at most."""
        return float(np.quantile(self.seconds, share)) if self.seconds else float("nan")


class House:
    """A running house. `run` lets the clock go to the end."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.clock = simpy.Environment()
        self.chance = np.random.default_rng(setup.seed)
        self.outcome = Outcome()
        self.rate = setup.calls_per_second
        self.processes = [Process(setup.slots, setup.room) for _ in range(setup.processes)]
        self.views: list[list[Seat]] = [[] for _ in range(setup.gateways)]
        self.choosers: list[Chooser] = []
        self.show(self.processes)
        self._given_up = DEADLINE_SECONDS
        self._drawn: NDArray[np.float64] = np.empty(0)
        self._next = 0
        self.at(0.0, self._arrive)

    def show(self, processes: Sequence[Process]) -> None:
        """Have the gateways know exactly these processes."""
        for number, seats in enumerate(self.views):
            known = {seat.process: seat for seat in seats}
            self.views[number] = [known.get(process) or Seat(process) for process in _unique(processes)]
        self.choosers = [self.setup.choice(seats, self.chance) for seats in self.views]

    def at(self, delay: float, then: Callable[[], None]) -> None:
        """Do something after some seconds."""
        # Known here only as a list; simpy sets it to None when the event has happened.
        cast("list[object]", self.clock.timeout(delay).callbacks).append(lambda _: then())

    def run(self) -> Outcome:
        """Let all calls come, and those that were admitted end; return what became of them."""
        self.clock.run()
        slots = self.setup.slots * len(self.processes)
        self.outcome.use = sum(each.busy_seconds for each in self.processes) / (slots * self.setup.seconds)
        return self.outcome

    @property
    def in_flight(self) -> int:
        """Return how many calls the gateways have given to processes."""
        return sum(seat.in_flight for seats in self.views for seat in seats)

    def lose(self, process: Process, *, noticed_seconds: float, given_up_seconds: float) -> None:
        """Take a process away without a word, as a machine without power.

        Gateways leave it alone after `noticed_seconds`; a call there ends after `given_up_seconds` and goes to another
        process once, or fails where its deadline has passed.
        """
        process.alive = False
        self._given_up = given_up_seconds
        self.at(noticed_seconds, lambda: self._avoid(process))
        for call in (*process.working, *process.waiting):
            self._give_up(call)

    def _give_up(self, call: Call) -> None:
        self.at(self._given_up, lambda: self._repeat(call))

    def _avoid(self, process: Process) -> None:
        for seats in self.views:
            for seat in seats:
                if seat.process is process:
                    seat.serving = False

    def _repeat(self, call: Call) -> None:
        call.seat.in_flight -= 1
        if call.repeated or self.clock.now - call.came >= DEADLINE_SECONDS:
            self.outcome.failed += self._counts(call)
            return
        call.repeated = True
        self._offer(call, self.choosers[call.gateway](call.seat))

    def _arrive(self) -> None:
        if self.clock.now >= self.setup.seconds:
            return
        gateway = int(self._chance_number() * len(self.views))
        seat = self.choosers[gateway]()
        self._offer(Call(self.clock.now, self._work(), seat, gateway), seat)
        self.at(-np.log1p(-self._chance_number()) / self.rate, self._arrive)

    def _offer(self, call: Call, seat: Seat) -> None:
        call.seat, process = seat, seat.process
        seat.in_flight += 1
        if not process.alive:
            self._give_up(call)
        elif len(process.working) < process.slots:
            self._begin(process, call)
        elif len(process.waiting) < process.room:
            process.waiting.append(call)
        else:
            seat.in_flight -= 1
            self.outcome.refused += self._counts(call)

    def _begin(self, process: Process, call: Call) -> None:
        process.working.add(call)
        self.at(call.seconds, lambda: self._end(process, call))

    def _end(self, process: Process, call: Call) -> None:
        if not process.alive:
            return
        process.working.discard(call)
        process.busy_seconds += call.seconds
        call.seat.in_flight -= 1
        if self._counts(call):
            self.outcome.seconds.append(self.clock.now - call.came)
            self.outcome.came.append(call.came)
        if process.waiting:
            self._begin(process, process.waiting.popleft())

    def _counts(self, call: Call) -> bool:
        return call.came >= self.setup.warm_seconds

    def _work(self) -> float:
        if self._next == len(self._drawn):
            self._drawn, self._next = self.setup.workload.draw(_DRAWN_AT_ONCE, self.chance), 0
        self._next += 1
        return float(self._drawn[self._next - 1])

    def _chance_number(self) -> float:
        return float(self.chance.random())


def _unique(processes: Sequence[Process]) -> list[Process]:
    return list(dict.fromkeys(processes))


def simulate(setup: Setup) -> Outcome:
    """Run one house to its end."""
    return House(setup).run()
