"""Tiny checkpoints of every family, and backends that draw with them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from atelier_generate.backend import Drawn, Order, Preview, Sketch, Step
from atelier_generate.brief import Brief, Frame
from atelier_generate.diffusion.backend import DiffusersBackend
from atelier_generate.diffusion.settings import DiffusersSettings
from atelier_generate.director import ANYBODY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from atelier_generate.backend import Backend
    from numpy.typing import NDArray

SIDE, STEPS = 64, 3
WITHOUT_TORCH = "needs PyTorch: `make torch`, then .venv-torch/bin/python -m pytest tests/services/generate/diffusion"


class NoModels:
    """Nothing of the catalogue is needed."""

    def infer(self, model: str, inputs: Any) -> Any:
        raise AssertionError(f"{model} was asked for {sorted(inputs)}")


class Painting:
    """A base that paints one tone all over, and says so."""

    name, family, takes_references = "painting", "embedded", False
    honours = frozenset({"subject.age_years"})
    people = ANYBODY

    def __init__(self, tone: float = 0.5) -> None:
        self.tone = tone
        self.made_of = {"edition": "first"}

    def draw(self, order: Order, models: Any, check: Callable[[], None]) -> Any:  # noqa: ARG002 (the seam's)
        frame = order.sketches[0].brief.frame
        check()
        yield Step(1, 1)
        yield Drawn(0, np.full((frame.height, frame.width, 3), self.tone, np.float32), ("Painted.",), {"pose": "even"})

    def canary(self, models: Any) -> None:
        """Find nothing wrong."""


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with tiny checkpoints of all families."""
    torch = pytest.importorskip("torch", reason=WITHOUT_TORCH)
    torch.set_num_threads(1)  # more of them only wait for each other over tensors this small
    from tests.services.generate.diffusion import tiny

    folder = tmp_path_factory.mktemp("home")
    for name, make in tiny.MAKERS.items():
        make(folder / "checkpoints" / name)
    return folder


@pytest.fixture
def backend(home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., DiffusersBackend]:
    """Make a backend of a family with its tiny checkpoint, in few steps."""
    from tests.services.edit.diffusion.tiny import let_qwen_be_small

    let_qwen_be_small(monkeypatch, SIDE)

    def make(
        name: str, base: Painting | None = None, *, steps: int = STEPS, at: Path = home, **more: Any
    ) -> DiffusersBackend:
        begins: dict[str, Any] = {"base": "atelier-base"} if base else {}
        settings = DiffusersSettings(family_name=name, home=at, device="cpu", side=SIDE, **begins, **more)
        made = DiffusersBackend(settings, base)
        made._studio.family = replace(made._studio.family, steps=steps, requires=())
        return made

    return make


def sketch(seed: int = 1, prompt: str = "a calm person", negative: str = "", frame: Frame | None = None) -> Sketch:
    return Sketch(seed, Brief(frame=frame or Frame(48, 64)), prompt, negative)


def events(backend: Backend, *sketches: Sketch, check: Callable[[], None] = lambda: None, **order: Any) -> Any:
    """Draw, and return all that is told."""
    return list(backend.draw(Order(sketches or (sketch(),), **order), NoModels(), check))


def pictures(told: list[Any]) -> list[NDArray[np.float32]]:
    return [event.pixels for event in told if isinstance(event, Drawn)]


def steps(told: list[Any]) -> list[tuple[int, int]]:
    return [(event.done, event.total) for event in told if isinstance(event, Step)]


def previews(told: list[Any]) -> list[NDArray[np.uint8]]:
    return [event.pixels for event in told if isinstance(event, Preview)]
