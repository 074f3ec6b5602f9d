"""The simulated house obeys the laws of queues, and loses no call."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from atelier_simulation.experiments import at_load, surge
from atelier_simulation.house import DEADLINE_SECONDS, House, Setup, least_in_flight, round_robin, simulate
from atelier_simulation.scaling import Autoscaler, Scaling, simulate_scaled
from atelier_simulation.workload import EDIT, SPREAD, VERIFY, Workload

STEADY = Workload("steady", (0.1,), (1.0,))


def test_work_is_drawn_with_the_mean_that_was_measured() -> None:
    drawn = EDIT.draw(20_000, House(Setup(EDIT, 1, 1)).chance)
    assert drawn.mean() == pytest.approx(EDIT.mean_seconds, rel=0.035)  # four standard errors


def test_a_lone_slot_waits_as_pollaczek_and_khinchine_say() -> None:
    """Mean wait of M/G/1: load · S · (1 + CV²) / 2(1 − load)."""
    setup = at_load(Setup(STEADY, 1, 0, slots=1, room=10_000, seconds=2000), 0.7)
    waits = [seconds - STEADY.mean_seconds for seconds in simulate(setup).seconds]
    expected = 0.7 * STEADY.mean_seconds * (1 + SPREAD**2) / (2 * 0.3)
    assert sum(waits) / len(waits) == pytest.approx(expected, rel=0.08)


def test_without_room_to_wait_calls_are_lost_as_erlang_says() -> None:
    """Erlang's loss formula holds for any distribution of service times: two slots, load 1.0."""
    setup = at_load(Setup(STEADY, 1, 0, slots=2, room=0, seconds=1000), 1.0)
    offered = 2.0
    expected = (offered**2 / 2) / sum(offered**k / math.factorial(k) for k in range(3))
    assert simulate(setup).refused_share == pytest.approx(expected, rel=0.05)


def test_every_call_ends_in_one_way() -> None:
    setup = at_load(Setup(STEADY, 4, 0, gateways=2, room=2, seconds=60, warm_seconds=0), 1.3)
    house = House(setup)
    outcome = house.run()
    assert outcome.calls == pytest.approx(setup.calls_per_second * setup.seconds, rel=0.08)
    assert (house.in_flight, outcome.failed) == (0, 0)
    assert not any(process.working or process.waiting for process in house.processes)


def test_the_same_seed_gives_the_same_run() -> None:
    setup = at_load(Setup(EDIT, 4, 0, seconds=60), 0.8)
    assert simulate(setup).seconds == simulate(setup).seconds
    assert simulate(setup).seconds != simulate(replace(setup, seed=2)).seconds


def test_least_in_flight_beats_taking_turns_where_calls_differ() -> None:
    setup = at_load(Setup(EDIT, 16, 0, seconds=300), 0.8)
    least = simulate(replace(setup, choice=least_in_flight)).quantile(0.99)
    in_turn = simulate(replace(setup, choice=round_robin)).quantile(0.99)
    assert least < 0.85 * in_turn


def lose_one(given_up_seconds: float) -> House:
    house = House(at_load(Setup(EDIT, 4, 0, seconds=60, warm_seconds=0), 0.5))
    house.at(
        20.0,
        lambda: house.lose(house.processes[0], noticed_seconds=3.0, given_up_seconds=given_up_seconds),
    )
    house.run()
    return house


def test_calls_of_a_lost_process_go_to_another() -> None:
    house = lose_one(15.0)
    assert house.outcome.failed == 0
    assert 15.0 < max(house.outcome.seconds) < DEADLINE_SECONDS
    assert house.in_flight == 0


def test_calls_that_wait_for_their_deadline_fail() -> None:
    assert lose_one(DEADLINE_SECONDS).outcome.failed > 0


def test_a_surge_is_followed_up_and_down_within_the_rules() -> None:
    low = 4 * 2 * 0.6 / EDIT.mean_seconds
    setup = Setup(EDIT, 4, low, seconds=2700, room=8, warm_seconds=60)
    scaled = simulate_scaled(setup, Scaling(1.4, 30.0, 60.0), surge(low))
    numbers = [number for _, number in scaled.history]
    assert max(numbers) >= 4 * 4 * 0.6  # as many as the surge fills
    assert numbers[-1] <= max(numbers) / 2
    for (_, before), (_, after) in zip(scaled.history, scaled.history[1:], strict=False):
        assert after <= max(2 * before, before + 4)


def test_processes_that_leave_finish_what_they_have() -> None:
    house = House(Setup(VERIFY, 4, 1.0, seconds=60, warm_seconds=0))
    scaler = Autoscaler(house, Scaling(1.4, 30.0, least=1))
    scaler._become(1)
    assert house.run().failed == 0
    assert [len(seats) for seats in house.views] == [1]
