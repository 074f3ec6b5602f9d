"""Who may work, who waits, who is refused."""

from __future__ import annotations

import asyncio

import pytest
from atelier_sdk.capability import Limits
from atelier_sdk.errors import DeadlineTooShortError, DrainingError, QueueFullError
from atelier_service.admission import Admission, UsualTime
from atelier_service.line import Line
from hypothesis import given
from hypothesis import strategies as st


class Clock:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def admission(clock: Clock, *, working: int = 1, queue: int = 2) -> Admission:
    return Admission(Limits(max_concurrency=working, max_queue=queue), clock)


async def settled() -> None:
    """Let everybody go as far as they can get: nobody here waits for anything but for one another."""
    for _ in range(20):
        await asyncio.sleep(0)


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


async def test_a_wait_is_foretold_by_the_calls_before_and_how_long_they_take() -> None:
    gate = admission(Clock(), working=2)
    assert gate.seconds_until(3) == 0
    gate.working += 1
    gate.leave("grade", 4.0)
    assert gate.seconds_until(3) == 6.0


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


async def approaching(gate: Admission, tenant: str, heard: list[int]) -> None:
    async for position in gate.approach("draw", 1060.0, tenant):
        heard.append(position)  # noqa: PERF401 (each is looked at before the next comes)


async def test_tenants_take_turns_however_many_calls_one_of_them_has() -> None:
    clock = Clock()
    gate = admission(clock, queue=8)
    await gate.enter("draw", clock.now + 60, "crowd")
    order: list[str] = []

    async def wait(tenant: str) -> None:
        await gate.enter("draw", clock.now + 60, tenant)
        order.append(tenant)

    calls = [asyncio.ensure_future(wait(tenant)) for tenant in ("crowd", "crowd", "crowd", "single", "other")]
    await asyncio.sleep(0)
    for _ in calls:
        gate.leave("draw", None)
        await asyncio.sleep(0)
    await asyncio.gather(*calls)
    assert order == ["crowd", "single", "other", "crowd", "crowd"]


async def test_who_waits_hears_how_many_are_served_before_and_every_step_nearer() -> None:
    clock = Clock()
    gate = admission(clock, queue=8)
    await gate.enter("draw", clock.now + 60, "a")
    heard: dict[str, list[int]] = {"first": [], "last": []}
    calls = [asyncio.ensure_future(approaching(gate, "a", heard[name])) for name in heard]
    await asyncio.sleep(0)
    assert heard == {"first": [1], "last": [2]}
    gate.leave("draw", None)
    await settled()
    assert (heard, calls[0].done()) == ({"first": [1], "last": [2, 1]}, True)
    gate.leave("draw", None)
    await asyncio.gather(*calls)
    assert gate.working == 1


async def test_who_leaves_the_queue_brings_the_others_nearer() -> None:
    clock = Clock()
    gate = admission(clock, queue=8)
    await gate.enter("draw", clock.now + 60)
    gone = asyncio.ensure_future(approaching(gate, "a", []))
    await asyncio.sleep(0)
    heard: list[int] = []
    stays = asyncio.ensure_future(approaching(gate, "a", heard))
    await asyncio.sleep(0)
    gone.cancel()
    await settled()
    assert (heard, gate.waiting) == ([2, 1], 1)
    gate.leave("draw", None)
    await stays


async def test_who_leaves_when_the_turn_has_come_gives_the_slot_to_the_next() -> None:
    clock = Clock()
    gate = admission(clock, queue=8)
    await gate.enter("draw", clock.now + 60)
    fickle = gate.approach("draw", clock.now + 60)
    assert await anext(fickle) == 1
    next_one = asyncio.ensure_future(gate.enter("draw", clock.now + 60))
    await asyncio.sleep(0)
    gate.leave("draw", None)
    await fickle.aclose()
    await next_one
    assert (gate.working, gate.waiting) == (1, 0)


async def test_a_small_call_is_not_held_to_the_time_of_large_ones() -> None:
    clock = Clock()
    gate = admission(clock)
    await gate.enter("draw", clock.now + 60, size=8)
    gate.leave("draw", 8.0, size=8)
    with pytest.raises(DeadlineTooShortError):
        await gate.enter("draw", clock.now + 7.0, size=8)
    await gate.enter("draw", clock.now + 1.5, size=1)


async def test_a_single_call_is_not_refused_for_the_queue_of_a_crowd() -> None:
    clock = Clock()
    gate = admission(clock, queue=8)
    await gate.enter("draw", clock.now + 60, "crowd")
    gate.leave("draw", 4.0)
    await gate.enter("draw", clock.now + 60, "crowd")
    crowd = [asyncio.ensure_future(gate.enter("draw", clock.now + 60, "crowd")) for _ in range(4)]
    await asyncio.sleep(0)
    with pytest.raises(DeadlineTooShortError):  # the one at work, four, and its own
        await gate.enter("draw", clock.now + 23, "crowd")
    single = asyncio.ensure_future(gate.enter("draw", clock.now + 13, "single"))
    await asyncio.sleep(0)
    assert gate.waiting == 5
    for call in (*crowd, single):
        call.cancel()


async def crowded(gate: Admission, clock: Clock, tenants: str) -> list[asyncio.Task[None]]:
    """Have the calls of tenants ask one after the other, each when the one before waits or is refused."""
    calls = []
    for tenant in tenants:
        calls.append(asyncio.ensure_future(gate.enter("draw", clock.now + 60, tenant)))
        await asyncio.sleep(0)
    return calls


async def who_waits(gate: Admission, calls: list[asyncio.Task[None]]) -> list[int]:
    """Say which of the calls still wait, and send them all away."""
    await settled()
    waiting = [number for number, call in enumerate(calls) if not call.done()]
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    assert gate.waiting == 0
    return waiting


async def test_a_full_queue_gives_a_newcomer_the_place_of_the_newest_call_of_who_has_most() -> None:
    clock = Clock()
    gate = admission(clock, queue=4)
    await gate.enter("draw", clock.now + 60, "crowd")
    gate.leave("draw", 3.0)
    await gate.enter("draw", clock.now + 60, "crowd")
    calls = await crowded(gate, clock, "bcccb")
    with pytest.raises(QueueFullError, match="to a caller with fewer calls") as caught:
        await calls[3]
    assert caught.value.metadata == {"working": "1", "waiting": "4"}
    assert caught.value.retry_after_seconds == 15.0  # behind the one at work and the four that wait
    assert await who_waits(gate, calls) == [0, 1, 2, 4]


@pytest.mark.parametrize(
    ("tenants", "left"),
    [
        ("cccca", [0, 1, 2, 4]),
        ("ccccaa", [0, 1, 4, 5]),
        ("ccccaaa", [0, 1, 4, 5]),  # as many as the crowd: the third is refused
        ("ccccabd", [0, 4, 5, 6]),
        ("ccccabde", [0, 4, 5, 6]),  # one each: a fifth tenant is refused
        ("ccccac", [0, 1, 2, 4]),
    ],
)
async def test_places_are_shared_among_those_who_want_them(tenants: str, left: list[int]) -> None:
    clock = Clock()
    gate = admission(clock, queue=4)
    await gate.enter("draw", clock.now + 60, "c")
    calls = await crowded(gate, clock, tenants)
    assert await who_waits(gate, calls) == left


async def test_one_tenant_alone_has_the_whole_queue_and_no_more() -> None:
    clock = Clock()
    gate = admission(clock, queue=4)
    await gate.enter("draw", clock.now + 60)
    calls = await crowded(gate, clock, "aaaaa")
    with pytest.raises(QueueFullError, match=r"4 wait\.$"):
        await calls[4]
    assert await who_waits(gate, calls) == [0, 1, 2, 3]


async def test_a_newcomer_whose_time_does_not_suffice_takes_nobodys_place() -> None:
    clock = Clock()
    gate = admission(clock, queue=4)
    await gate.enter("draw", clock.now + 60, "c")
    gate.leave("draw", 4.0)
    await gate.enter("draw", clock.now + 60, "c")
    calls = await crowded(gate, clock, "cccc")
    with pytest.raises(DeadlineTooShortError):
        await gate.enter("draw", clock.now + 5, "a")
    assert await who_waits(gate, calls) == [0, 1, 2, 3]


async def test_a_call_that_lost_its_place_while_it_was_told_of_it_is_refused_and_takes_no_slot() -> None:
    clock = Clock()
    gate = admission(clock, queue=2)
    await gate.enter("draw", clock.now + 60, "c")
    calls = await crowded(gate, clock, "c")
    slow_reader = gate.approach("draw", clock.now + 60, "c")
    assert await anext(slow_reader) == 2
    calls += await crowded(gate, clock, "a")
    with pytest.raises(QueueFullError):
        await anext(slow_reader)
    for call in calls:
        gate.leave("draw", None)
        await call
    gate.leave("draw", None)
    assert (gate.working, gate.waiting) == (0, 0)


@given(st.text("abc", max_size=16), st.integers(1, 6))
async def test_nobody_is_kept_out_by_a_crowd_and_the_older_calls_of_a_tenant_stay(tenants: str, places: int) -> None:
    clock = Clock()
    gate = admission(clock, queue=places)
    await gate.enter("draw", clock.now + 60)
    left = await who_waits(gate, await crowded(gate, clock, tenants))
    assert len(left) == min(places, len(tenants))
    counts = {tenant: sum(tenants[number] == tenant for number in left) for tenant in set(tenants)}
    for tenant, count in counts.items():
        own = [number for number, name in enumerate(tenants) if name == tenant]
        assert own[:count] == [number for number in left if tenants[number] == tenant]
        assert count == len(own) or max(counts.values()) <= count + 1


@given(st.lists(st.sampled_from("abc"), max_size=12), st.integers(0, 3), st.sampled_from("abcd"))
async def test_the_position_that_is_foretold_is_the_one_that_is_given(
    tenants: list[str], steps: int, newcomer: str
) -> None:
    line = Line()
    for tenant in tenants:
        line.join(tenant)
    for _ in range(min(steps, len(line))):
        line.step()
    foretold = line.next_position(newcomer)
    assert line.join(newcomer).position == foretold
