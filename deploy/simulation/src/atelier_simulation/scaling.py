"""As many processes as calls in flight ask for, by the rules of the manifests (`k8s/components/keda`).

Every 15 seconds the autoscaler divides the mean of the last 30 seconds' calls in flight, looked at every 10 seconds, by
the target for each process. Upwards at once, at most twofold or four more in a period; downwards to the most that was
wanted in the last 300 seconds, at most a fifth in 60 seconds. A difference below a tenth is left alone.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from atelier_simulation.house import House, Process

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_simulation.house import Outcome, Setup

_LOOK, _DECIDE, _MEAN_OVER = 10.0, 15.0, 30.0
_DOWN_SECONDS, _PATIENCE = 60.0, 300.0
_TOLERANCE: Final = 0.1


@dataclass(frozen=True, slots=True)
class Scaling:
    """The target for each process, how long a new one takes to be ready, the period of growth, and the bounds."""

    target: float
    start_seconds: float
    up_seconds: float = 30.0
    least: int = 2
    most: int = 64


class Autoscaler:
    """Adds processes to a house and takes them away; `history` holds time and number of those that are paid for."""

    def __init__(self, house: House, scaling: Scaling) -> None:
        self.house = house
        self.scaling = scaling
        self.wanted = len(house.processes)
        self.serving = list(house.processes)
        self.history = [(0.0, self.wanted)]
        self._looks: deque[float] = deque(maxlen=round(_MEAN_OVER / _LOOK))
        self._wishes: deque[tuple[float, int]] = deque()
        house.at(_LOOK, self._look)
        house.at(_DECIDE, self._decide)

    def _on(self) -> bool:
        return self.house.clock.now < self.house.setup.seconds

    def _look(self) -> None:
        self._looks.append(self.house.in_flight)
        if self._on():
            self.house.at(_LOOK, self._look)

    def _decide(self) -> None:
        now, mean = self.house.clock.now, sum(self._looks) / max(1, len(self._looks))
        ratio = mean / (self.scaling.target * self.wanted)
        wish = self.wanted if abs(ratio - 1) <= _TOLERANCE else math.ceil(mean / self.scaling.target)
        self._wishes.append((now, wish))
        while self._wishes[0][0] < now - _PATIENCE:
            self._wishes.popleft()
        self._become(self._bounded(wish))
        if self._on():
            self.house.at(_DECIDE, self._decide)

    def _bounded(self, wish: int) -> int:
        if wish > self.wanted:
            before = self._number_at(self.house.clock.now - self.scaling.up_seconds)
            wish = min(wish, max(2 * before, before + 4))
            return min(max(wish, self.wanted), self.scaling.most)
        steady = max(number for _, number in self._wishes)
        before = self._number_at(self.house.clock.now - _DOWN_SECONDS)
        slowest = math.ceil(before * 0.8)
        return max(min(self.wanted, max(steady, slowest)), self.scaling.least)

    def _number_at(self, time: float) -> int:
        return next((number for since, number in reversed(self.history) if since <= time), self.history[0][1])

    def _become(self, wanted: int) -> None:
        if wanted > self.wanted:
            for _ in range(wanted - self.wanted):
                self.house.at(self.scaling.start_seconds, self._open)
        elif wanted < self.wanted:
            # Those that leave finish what they have: gateways forget them, and they drain.
            del self.serving[wanted:]
            self.house.show(self.serving)
        if wanted != self.wanted:
            self.wanted = wanted
            self.history.append((self.house.clock.now, wanted))

    def _open(self) -> None:
        if len(self.serving) < self.wanted:
            process = Process(self.house.setup.slots, self.house.setup.room)
            self.house.processes.append(process)
            self.serving.append(process)
            self.house.show(self.serving)


@dataclass(frozen=True, slots=True)
class Scaled:
    """What became of a run: its calls, its history, and the share of the paid slots that worked."""

    outcome: Outcome
    history: tuple[tuple[float, int], ...]
    use: float


def simulate_scaled(setup: Setup, scaling: Scaling, rate: Callable[[float], float]) -> Scaled:
    """Run a house whose calls a second follow `rate` of the time, and whose size follows its calls."""
    house = House(setup)

    def follow() -> None:
        house.rate = rate(house.clock.now)
        if house.clock.now < setup.seconds:
            house.at(1.0, follow)

    follow()
    scaler = Autoscaler(house, scaling)
    outcome = house.run()
    ends = [*(time for time, _ in scaler.history[1:]), setup.seconds]
    paid = sum((end - time) * number for (time, number), end in zip(scaler.history, ends, strict=True))
    worked = sum(process.busy_seconds for process in house.processes)
    return Scaled(outcome, tuple(scaler.history), worked / (paid * setup.slots))
