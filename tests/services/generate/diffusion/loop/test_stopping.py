"""Whoever no longer wants a portrait stops the loop within a step: the steps that Triton made are counted there."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from atelier_generate.backend import Order, Step
from atelier_generate.brief import Frame
from atelier_sdk.errors import CancelledError

from tests.services.generate.diffusion.conftest import NoModels, events, pictures, sketch
from tests.services.generate.diffusion.loop.conftest import backend_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atelier_generate.loop import TritonBackend

    from tests.services.generate.diffusion.loop.conftest import Server

ROOT = Path(__file__).resolve().parents[5]
# A step of this many pixels takes some tenths of a second: many times what a message takes.
SIDE = 512
CALLER = """
import sys
from pathlib import Path
from atelier_generate.backend import Order, Step
from atelier_generate.brief import Frame
from tests.services.generate.diffusion.conftest import NoModels, sketch
from tests.services.generate.diffusion.loop.conftest import backend_at
backend = backend_at(sys.argv[1], Path(sys.argv[2]), "sdxl", 512)
for event in backend.draw(Order((sketch(frame=Frame(512, 512)),)), NoModels(), lambda: None):
    print(event.done, flush=True)
"""


def large() -> Order:
    return Order((sketch(frame=Frame(SIDE, SIDE)),))


def at_step(drawing: Iterator[Any], wanted: int) -> None:
    """Follow a drawing up to a step."""
    assert any(isinstance(event, Step) and event.done == wanted for event in drawing)


@pytest.fixture
def backend(sdxl: Server, home: Path) -> TritonBackend:
    return backend_at(sdxl.url, home, "sdxl", SIDE)


def test_an_iterator_that_is_closed_stops_it(sdxl: Server, backend: TritonBackend) -> None:
    before = sdxl.steps_at_rest()
    drawing: Any = backend.draw(large(), NoModels(), lambda: None)
    at_step(drawing, 4)
    drawing.close()
    # The fourth is told, and the fifth may be at work.
    assert 4 <= sdxl.steps_at_rest() - before <= 5


def test_a_call_that_is_over_stops_it(sdxl: Server, backend: TritonBackend) -> None:
    before = sdxl.steps_at_rest()
    over = threading.Event()

    def check() -> None:
        if over.is_set():
            raise CancelledError("The caller cancelled.")

    drawing = backend.draw(large(), NoModels(), check)
    at_step(drawing, 3)
    over.set()
    with pytest.raises(CancelledError, match="The caller cancelled"):
        next(drawing)
    assert 3 <= sdxl.steps_at_rest() - before <= 4


def test_a_caller_that_is_killed_stops_it_and_the_next_is_served(
    sdxl: Server, backend: TritonBackend, home: Path
) -> None:
    before = sdxl.steps_at_rest()
    command = [sys.executable, "-W", "ignore", "-c", CALLER, sdxl.url, str(home)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as caller:
        assert caller.stdout is not None
        assert [caller.stdout.readline() for _ in range(3)] == ["1\n", "2\n", "3\n"]
        caller.kill()
    # The fourth may be at work when the caller dies, and a fifth until its connection's end arrives.
    assert 3 <= sdxl.steps_at_rest() - before <= 5
    assert len(pictures(events(backend_at(sdxl.url, home, "sdxl")))) == 1


def test_an_order_that_is_left_while_it_waits_is_never_begun(sdxl: Server, backend: TritonBackend) -> None:
    before = sdxl.steps_at_rest()
    drawing: Any = backend.draw(large(), NoModels(), lambda: None)
    at_step(drawing, 1)
    asked = 0

    def check() -> None:
        nonlocal asked
        asked += 1
        if asked > 3:
            raise CancelledError("The caller cancelled.")

    with pytest.raises(CancelledError):
        next(backend.draw(large(), NoModels(), check))
    steps = [event for event in drawing if isinstance(event, Step)]
    assert sdxl.steps_at_rest() - before == steps[-1].done
