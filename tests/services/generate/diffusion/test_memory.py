"""What is left of a candidate that did not come to its end."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import TYPE_CHECKING, Any

import pytest
from atelier_generate.backend import Order
from atelier_sdk.errors import CancelledError, DeviceMemoryError

from tests.services.generate.diffusion.conftest import NoModels, events, pictures, sketch

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_generate.diffusion.backend import DiffusersBackend

    Make = Callable[..., DiffusersBackend]

KLEIN, SDXL, UNCONDITIONAL = "flux2-klein-4b", "sdxl", "unconditional"
pytestmark = pytest.mark.filterwarnings("ignore")


def loaded(backend: DiffusersBackend) -> Any:
    """Its pipeline, and the denoiser's own tensors made visible to garbage collection."""
    return backend._studio.bench._thread.submit(backend._studio._opened).result().pipeline


def denoiser(pipeline: Any) -> Any:
    return getattr(pipeline, "transformer", None) or pipeline.unet


class Watching:
    """Weak references to every tensor that a denoiser answered, and a fault in the run that is told."""

    def __init__(self, module: Any, fault: BaseException | None = None, at: int = 2) -> None:
        self.seen: list[weakref.ref[Any]] = []
        self._fault, self._at = fault, at
        self._hook = module.register_forward_hook(self._answered)

    def _answered(self, _module: Any, _given: Any, answer: Any) -> None:
        tensor = answer[0] if isinstance(answer, tuple) else answer.sample
        self.seen.append(weakref.ref(tensor[0] if isinstance(tensor, list) else tensor))
        if self._fault is not None and len(self.seen) == self._at:
            raise self._fault

    def remove(self) -> None:
        self._hook.remove()

    @property
    def alive(self) -> int:
        gc.collect()
        return sum(reference() is not None for reference in self.seen)


@pytest.mark.parametrize("name", [KLEIN, SDXL, UNCONDITIONAL])
@pytest.mark.parametrize(
    "fault",
    [RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB"), RuntimeError("can't allocate memory")],
    ids=["device", "host"],
)
def test_out_of_memory_says_what_to_lower_gives_all_back_and_the_next_call_works(
    name: str, fault: RuntimeError, backend: Make
) -> None:
    one = backend(name)
    watching = Watching(denoiser(loaded(one)), fault)
    with pytest.raises(DeviceMemoryError, match="lower ATELIER_GENERATOR_SIDE below") as raised:
        events(one)
    watching.remove()
    assert "set ATELIER_GENERATOR_OFFLOAD to `models`" in raised.value.message
    assert (raised.value.status, raised.value.metadata["model"]) == ("RESOURCE_EXHAUSTED", name)
    # The error is still held here, and with it whatever it holds.
    assert (len(watching.seen), watching.alive) == (2, 0)
    assert len(pictures(events(one))) == 1


@pytest.mark.parametrize("name", [KLEIN, UNCONDITIONAL])
def test_a_cancelled_call_leaves_nothing(name: str, backend: Make) -> None:
    one = backend(name, steps=5)
    watching = Watching(denoiser(loaded(one)))

    def check() -> None:
        if len(watching.seen) == 2:
            raise CancelledError("The caller cancelled.")

    with pytest.raises(CancelledError) as raised:
        events(one, check=check)
    watching.remove()
    assert raised.value.reason == "CANCELLED"
    assert (len(watching.seen), watching.alive) == (2, 0)


def test_a_finished_call_leaves_nothing_either(backend: Make) -> None:
    one = backend(SDXL)
    watching = Watching(denoiser(loaded(one)))
    drawn = pictures(events(one))
    watching.remove()
    assert (len(drawn), watching.alive) == (1, 0)


def test_another_fault_stays_what_it_is_and_the_next_call_works(backend: Make) -> None:
    one = backend(SDXL)
    watching = Watching(denoiser(loaded(one)), RuntimeError("shapes cannot be multiplied"))
    with pytest.raises(RuntimeError, match="shapes"):
        events(one)
    watching.remove()
    assert len(pictures(events(one))) == 1


def test_what_could_still_be_lowered_is_said_and_no_more(backend: Make) -> None:
    one = backend(SDXL, offload="layers", tiles=True)
    watching = Watching(denoiser(loaded(one)), RuntimeError("out of memory"))
    with pytest.raises(DeviceMemoryError) as raised:
        events(one)
    watching.remove()
    assert raised.value.message.endswith("ask for a smaller size, lower ATELIER_GENERATOR_SIDE below 55.")


def test_one_waits_for_the_other_and_can_be_cancelled_meanwhile(backend: Make) -> None:
    one = backend(SDXL, steps=2)
    at_work, go_on = threading.Event(), threading.Event()
    gone = threading.Event()

    def hold(*_: Any) -> None:
        at_work.set()
        go_on.wait(60)

    hook = denoiser(loaded(one)).register_forward_pre_hook(hold)
    drawn: list[Any] = []
    worker = threading.Thread(target=lambda: drawn.extend(pictures(events(one))))
    worker.start()

    def check() -> None:
        if gone.is_set():
            raise CancelledError("The caller cancelled.")

    try:
        assert at_work.wait(60)
        gone.set()
        with pytest.raises(CancelledError):
            next(one.draw(Order((sketch(2),)), NoModels(), check))
        assert not drawn
    finally:
        go_on.set()
        worker.join()
        hook.remove()
    assert len(drawn) == 1
