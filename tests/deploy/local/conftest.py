"""Stacks that are stopped after the test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from atelier_local.stack import Stack

from tests.deploy.local.toys import planned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from atelier_local.process import ProcessSpec


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Stack]]:
    """Start stacks that are stopped after the test, whatever became of them."""
    started: list[Stack] = []

    def begin(*specs: ProcessSpec, state_dir: Path = tmp_path, owned: bool = True) -> Stack:
        stack = Stack.start(planned(*specs), state_dir, owned=owned, timeout_seconds=60)
        started.append(stack)
        return stack

    yield begin
    for stack in started:
        stack.down()
