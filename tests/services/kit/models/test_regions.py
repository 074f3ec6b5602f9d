"""Shared memory: used again, rested, forgotten, always given back."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from atelier_service.models.regions import REST_SECONDS, Regions, owner_is_gone

if TYPE_CHECKING:
    from collections.abc import Iterator


class Clock:
    """A clock that stands still until it is told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def regions(clock: Clock) -> Iterator[Regions]:
    pool = Regions(clock)
    yield pool
    pool.close()


def shm(name: str) -> Path:
    return Path("/dev/shm") / name  # noqa: S108 (where Linux keeps it)


def test_what_is_written_is_read(regions: Regions) -> None:
    array = np.arange(30_000, dtype=np.float32).reshape(100, 300)
    region = regions.take(array.nbytes)
    assert region is not None
    region.write(array)
    copy = region.read(array.shape)
    region.write(np.zeros_like(array))
    np.testing.assert_array_equal(copy, array)


def test_a_region_is_used_again_for_its_size_class(regions: Regions) -> None:
    region = regions.take(100_000)
    assert region is not None
    regions.give_back(region, untouched=True)
    assert regions.take(131_072) is region
    assert region.size_bytes == 131_072


def test_a_region_that_may_still_be_written_to_rests(regions: Regions, clock: Clock) -> None:
    region = regions.take(100_000)
    assert region is not None
    regions.give_back(region, untouched=False)
    assert regions.take(100_000) is not region
    clock.now += REST_SECONDS
    assert regions.take(100_000) is region


def test_no_region_is_made_where_the_system_has_no_room(regions: Regions, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")  # noqa: PYI024 (what shutil returns)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1, 1, 100_000))
    assert regions.take(100_000) is None


def test_closing_unlinks_everything_and_names_what_triton_knows(clock: Clock) -> None:
    pool = Regions(clock)
    known, unknown = pool.take(1), pool.take(1)
    assert known is not None
    assert unknown is not None
    known.known_to = pool.generation
    assert shm(known.name).exists()
    assert pool.close() == [known.name]
    assert (shm(known.name).exists(), shm(unknown.name).exists()) == (False, False)
    assert pool.close() == []


def test_a_restart_is_noted_once_by_all_who_noticed(regions: Regions) -> None:
    regions.forget(0)
    regions.forget(0)
    assert regions.generation == 1


def test_a_region_of_a_process_that_is_no_more_is_told_from_others() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert owner_is_gone(f"atelier-{gone.pid}-abc")
    assert not owner_is_gone(f"atelier-{os.getpid()}-abc")
    assert not owner_is_gone("somebody-1-abc")
    assert not owner_is_gone("atelier-x")
