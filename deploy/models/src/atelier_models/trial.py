"""Which executor runs a model here: both are timed on a batch of one, and both must agree.

A batch of one is what a single portrait sends, so its time is what a caller feels. The threads are those that the
executor gets in Triton.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from atelier_sdk.errors import ModelUnusableError

from atelier_models.backend.executor import EXECUTORS, open_executor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from atelier_models.backend.executor import Executor, Tensors
    from atelier_models.catalogue import Model
    from atelier_models.installed import Trial

WARM_UPS, ROUNDS = 5, 25
MOST_THREADS = 4  # networks this small gain nothing from more


@runtime_checkable
class KeepsTime(Protocol):
    """An executor elsewhere that says itself how long a run took, the way to it left out."""

    def timed(self, inputs: Tensors) -> float:
        """Run once and return the seconds."""


def thread_count() -> int:
    """Return how many threads one executor may use on this machine."""
    return max(1, min(MOST_THREADS, len(os.sched_getaffinity(0))))


def random_inputs(model: Model, batch: int, seed: int) -> Tensors:
    """Return uniform noise over the range of each input, [batch, …] float32, the same for the same seed."""
    generator = np.random.default_rng(seed)
    return {
        name: generator.uniform(*border.range, (batch, *border.sample)).astype(np.float32)
        for name, border in model.inputs.items()
    }


def largest_differences(model: Model, found: Tensors, expected: Tensors) -> dict[str, float]:
    """Return the largest absolute difference of each output, infinite where shapes differ or a value is not finite."""
    differences = {}
    for name in model.outputs:
        alike = found[name].shape == expected[name].shape and bool(np.isfinite(found[name]).all())
        differences[name] = float(np.abs(found[name] - expected[name]).max()) if alike else float("inf")
    return differences


def choose_executor(
    model: Model, graph: Path, open_: Callable[[str, Path, int, str], Executor] = open_executor
) -> tuple[str, Trial]:
    """Return the faster executor and what was measured.

    Raises `ModelUnusableError` when the executors differ by more than the model's tolerances.
    """
    threads, inputs = thread_count(), random_inputs(model, 1, seed=0)
    executors = {name: open_(name, graph, threads, model.precision) for name in EXECUTORS}
    milliseconds = {name: min(rounds) for name, rounds in in_turn(executors, inputs).items()}
    first, second = (executor.run(inputs) for executor in executors.values())
    differences = largest_differences(model, first, second)
    for name, difference in differences.items():
        if not difference <= model.outputs[name].tolerance:
            raise ModelUnusableError(
                f"{model.name}: {' and '.join(executors)} differ by {difference:.3g} in {name}, more than "
                f"{model.outputs[name].tolerance:.3g}.",
                metadata={"model": model.name, "output": name, "difference": f"{difference:.3g}"},
            )
    measured = {name: round(value, 3) for name, value in milliseconds.items()}
    trial: Trial = {"threads": threads, "milliseconds": measured, "largest_difference": max(differences.values())}
    return min(milliseconds, key=milliseconds.__getitem__), trial


def in_turn(
    executors: Mapping[str, Executor],
    inputs: Tensors,
    rounds: int = ROUNDS,
    after_round: Callable[[], object] = lambda: None,
) -> dict[str, list[float]]:
    """Return the milliseconds of every round of each executor, warmed up and taken in turn.

    Other work only ever makes a run slower, and hits all alike; the shortest round is what an executor can do.
    """
    for executor in executors.values():
        for _ in range(WARM_UPS):
            executor.run(inputs)
    milliseconds: dict[str, list[float]] = {name: [] for name in executors}
    for _ in range(rounds):
        for name, executor in executors.items():
            milliseconds[name].append(1000 * _seconds(executor, inputs))
        after_round()
    return milliseconds


def _seconds(executor: Executor, inputs: Tensors) -> float:
    """Return how long one run takes: by the clock, or by what a server says that it took where it runs there."""
    if isinstance(executor, KeepsTime):
        return executor.timed(inputs)
    start = time.perf_counter()
    executor.run(inputs)
    return time.perf_counter() - start
