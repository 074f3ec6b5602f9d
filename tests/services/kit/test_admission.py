"""Who may work, who waits, who is refused."""

from __future__ import annotations

import asyncio

import pytest
from atelier_sdk.capability import Limits
from atelier_sdk.errors import DeadlineTooShortError, DrainingError, QueueFullError
from atelier_service.admission import Admission, UsualTime


class Clock:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def admission(clock: Clock, *, working: int = 1, queue: int = 2) -> Admission:
    return Admission(Limits(max_concurrency=working, max_queue=queue), clock)


async def test_calls_beyond_the_limit_wait_and_go_in_order() -> None:
    clock = Clock()
    gate = admission(clock)
    await gate.enter("grade", clock.now + 60)
    order: list[str] = []

    async def wait(name: str) -> None:
        await gate.enter("grade", clock.now + 60)
        order.append(name)

    waiting = [asyncio.ensure_future(wait(name)) for name in ("first", "second")]
    await asyncio.sleep(0)
    assert (gate.working, gate.waiting, gate.busy) == (1, 2, True)
    gate.leave("grade", 1.0)
    await waiting[0]
    gate.leave("grade", 1.0)
    await waiting[1]
    assert (order, gate.working, gate.waiting) == (["first", "second"], 1, 0)


async def test_a_full_queue_refuses_with_the_time_until_a_place_is_free() -> None:
    clock = Clock()
    gate = admission(clock, queue=0)
    await gate.enter("grade", clock.now + 60)
    gate.leave("grade", 4.0)
    await gate.enter("grade", clock.now + 60)
    with pytest.raises(QueueFullError) as caught:
        await gate.enter("grade", clock.now + 60)
    assert (caught.value.retry_after_seconds, caught.value.metadata) == (4.0, {"working": "1", "waiting": "0"})


async def test_a_deadline_that_the_usual_time_does_not_fit_is_refused_at_once() -> None:
    clock = Clock()
    gate = admission(clock)
    await gate.enter("grade", clock.now + 60)
    gate.leave("grade", 4.0)
    with pytest.raises(DeadlineTooShortError) as caught:
        await gate.enter("grade", clock.now + 3.0)
    assert caught.value.metadata == {"left_seconds": "3.00", "needed_seconds": "4.00"}
    await gate.enter("grade", clock.now + 5.0)


async def test_a_deadline_that_fits_the_work_and_not_the_queue_before_it_is_refused() -> None:
    clock = Clock()
    gate = admission(clock)
    await gate.enter("grade", clock.now + 60)
    gate.leave("grade", 4.0)
    await gate.enter("grade", clock.now + 60)
    with pytest.raises(DeadlineTooShortError):
        await gate.enter("grade", clock.now + 7.0)


async def test_a_quick_operation_is_not_held_to_the_time_of_a_slow_one() -> None:
    clock = Clock()
    gate = admission(clock)
    await gate.enter("upscale", clock.now + 60)
    gate.leave("upscale", 30.0)
    await gate.enter("grade", clock.now + 1.0)
    assert gate.working == 1


async def test_a_deadline_that_has_passed_is_refused() -> None:
    clock = Clock()
    with pytest.raises(DeadlineTooShortError, match=r"^0.00 seconds are left"):
        await admission(clock).enter("grade", clock.now - 1)


async def test_a_deadline_that_passes_in_the_queue_gives_the_place_back() -> None:
    clock = Clock()
    gate = admission(clock)
    await gate.enter("grade", clock.now + 60)
    with pytest.raises(DeadlineTooShortError, match="waited for its turn"):
        await gate.enter("grade", clock.now + 0.01)
    assert gate.waiting == 0


async def test_nobody_enters_while_draining_and_emptiness_is_told() -> None:
    clock = Clock()
    gate = admission(clock)
    await gate.enter("grade", clock.now + 60)
    gate.draining = True
    with pytest.raises(DrainingError):
        await gate.enter("grade", clock.now + 60)
    empty = asyncio.ensure_future(gate.empty())
    await asyncio.sleep(0)
    assert not empty.done()
    gate.leave("grade", None)
    await empty


def test_the_usual_time_leans_to_what_came_last_and_is_forgotten_in_time() -> None:
    clock = Clock()
    usual = UsualTime(clock)
    assert usual.seconds() == 0.0
    usual.take(10.0)
    usual.take(20.0)
    assert usual.seconds() == pytest.approx(0.7 * 10 + 0.3 * 20)
    clock.now += 30
    assert usual.seconds() == pytest.approx(13 / 2)
