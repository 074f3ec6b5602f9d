"""The questions, each a table of runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from atelier_simulation.house import DEADLINE_SECONDS, House, Setup, least_in_flight, round_robin, simulate
from atelier_simulation.scaling import Scaling, simulate_scaled
from atelier_simulation.workload import EDIT, UPSCALE, VERIFY, Workload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from atelier_simulation.house import Outcome
    from atelier_simulation.scaling import Scaled

CHOICES: Final = {"least in flight": least_in_flight, "in turn": round_robin}
ROOMS: Final = (2, 4, 8, 16, 32)
NOTICED_SECONDS: Final = 3.0  # asked every second, answer awaited for two
GIVEN_UP: Final = {"asked every 10 s": 15.0, "not asked": DEADLINE_SECONDS}


@dataclass(frozen=True, slots=True)
class Row:
    """One run: what was asked, by the names of its columns, and what came of it."""

    asked: dict[str, str | float]
    outcome: Outcome


def at_load(setup: Setup, load: float) -> Setup:
    """Return a setup whose calls fill a share of its slots."""
    return replace(setup, calls_per_second=load * setup.processes * setup.slots / setup.workload.mean_seconds)


def sizes() -> Iterator[Row]:
    """Go from 1 process to 256, at four fifths of their slots; and to 10,000 calls a second."""
    for processes in (1, 4, 16, 64, 256):
        for name, choice in CHOICES.items():
            seconds = min(240.0, 25_000 / (processes * 2 * 0.8 / VERIFY.mean_seconds)) + 5
            setup = at_load(Setup(VERIFY, processes, 0, seconds=seconds, warm_seconds=5, choice=choice), 0.8)
            yield Row({"processes": processes, "choice": name, "calls/s": setup.calls_per_second}, simulate(setup))
    for processes in (256, 338):
        setup = Setup(VERIFY, processes, 10_000, gateways=8, seconds=6, warm_seconds=2, room=8)
        yield Row({"processes": processes, "choice": "least, 8 gateways", "calls/s": 10_000.0}, simulate(setup))


def gateways() -> Iterator[Row]:
    """Put 64 processes behind 1 to 16 gateways: the more there are, the less each knows."""
    for number in (1, 2, 4, 8, 16):
        for name, choice in CHOICES.items():
            setup = at_load(Setup(EDIT, 64, 0, gateways=number, choice=choice, seconds=400), 0.8)
            yield Row({"gateways": number, "choice": name}, simulate(setup))


def queues(workload: Workload) -> Iterator[Row]:
    """Let more and more calls wait at a process, from an easy day to more calls than it can do."""
    for room in ROOMS:
        for load in (0.7, 0.9, 1.2):
            seconds = 1500 * workload.mean_seconds / EDIT.mean_seconds
            setup = at_load(Setup(workload, 8, 0, gateways=2, room=room, seconds=seconds), load)
            yield Row({"room": room, "load": load}, simulate(setup))


def surge(low: float) -> Callable[[float], float]:
    """Return calls a second that rise fourfold after five minutes and fall after half an hour."""
    return lambda time: 4 * low if 300 <= time <= 1800 else low


@dataclass(frozen=True, slots=True)
class ScaledRow:
    """One run of an autoscaled house."""

    workload: str
    scaling: Scaling
    scaled: Scaled


def scalings() -> Iterator[ScaledRow]:
    """Try targets and periods of growth, for processes that are ready in half a minute (CPU) and in five (a card)."""
    for workload, start, periods in ((EDIT, 30.0, (30.0, 60.0)), (UPSCALE, 300.0, (30.0, 300.0))):
        low = 4 * 2 * 0.6 / workload.mean_seconds
        setup = Setup(workload, 4, low, seconds=3000, room=8, warm_seconds=60)
        for period in periods:
            for target in (1.0, 1.4, 1.8):
                scaling = Scaling(target, start, period)
                yield ScaledRow(workload.name, scaling, simulate_scaled(setup, scaling, surge(low)))


def losses() -> Iterator[Row]:
    """Lose a machine with 4 of 16 processes after two minutes, without a word."""
    for name, given_up in GIVEN_UP.items():
        setup = at_load(Setup(EDIT, 16, 0, gateways=2, room=8, seconds=360, warm_seconds=60), 0.6)
        house = House(setup)

        def lose(house: House = house, given_up: float = given_up) -> None:
            for process in house.processes[:4]:
                house.lose(process, noticed_seconds=NOTICED_SECONDS, given_up_seconds=given_up)

        house.at(120.0, lose)
        yield Row({"gateway": name}, house.run())


def longest(workload: Workload, room: int) -> float:
    """Return the longest seconds of a call that was answered, with more calls than the house can do."""
    seconds = 3000 * workload.mean_seconds / EDIT.mean_seconds
    outcome = simulate(at_load(Setup(workload, 8, 0, gateways=2, room=room, seconds=seconds), 1.2))
    return float(np.max(outcome.seconds))
