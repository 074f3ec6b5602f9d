"""Compare the executors of a model, choose among those that serve, and write the choice down."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from atelier_sdk.errors import ModelUnusableError

from atelier_models import installed
from atelier_models.backend.executor import open_executor
from atelier_models.bench.contenders import ORDER, SERVING, AbsentError, open_contender
from atelier_models.engines.parity import ACCEPTED
from atelier_models.parity import pictures
from atelier_models.trial import ROUNDS, in_turn, largest_differences, random_inputs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from atelier_models.backend.executor import Executor, Tensors
    from atelier_models.bench.contenders import Machine
    from atelier_models.catalogue import Model
    from atelier_models.installed import Contract, Installed

# Of those that run on a GPU, what a repository for GPUs calls them.
ON_GPU = {"tensorrt": "tensorrt", "onnxruntime-cuda": "onnxruntime"}


@dataclass(frozen=True, slots=True)
class Result:
    """An executor of a model: milliseconds of a batch of one, or why it is `absent`.

    `differs` is the largest difference from the graph in float32, as a share of what is accepted: up to 1 holds.
    """

    model: str
    executor: str
    best: float | None = None
    p50: float | None = None
    p90: float | None = None
    differs: float | None = None
    chosen: bool = False
    absent: str | None = None

    @property
    def holds(self) -> bool:
        """Tell whether it is here and answers as the graph does."""
        return self.differs is not None and self.differs <= 1

    def as_json(self) -> dict[str, object]:
        """Return it for `json.dumps`."""
        return dataclasses.asdict(self)


def compare(
    model: Model, home: Path, machine: Machine, rounds: int = ROUNDS, after_round: Callable[[], object] = lambda: None
) -> list[Result]:
    """Return what each executor of `contenders.ORDER` is worth for a model, the chosen ones marked.

    Raises ModelNotInstalledError, BackendDownError, and ModelUnusableError where none that serves answers as the graph.
    """
    place = installed.require(model, home)
    opened: dict[str, Executor] = {}
    absent = {}
    for name in ORDER:
        try:
            opened[name] = open_contender(name, model, place, home, machine)
        except AbsentError as error:
            absent[name] = str(error)
    expected = _answers(open_executor("onnxruntime", place.graph, machine.threads), model)
    differs = {name: _share(name, model, _answers(each, model), expected, machine) for name, each in opened.items()}
    milliseconds = in_turn(opened, random_inputs(model, 1, seed=0), rounds, after_round)
    measured = [
        Result(model.name, name, absent=absent[name])
        if name in absent
        else _result(model.name, name, milliseconds[name], differs[name])
        for name in ORDER
    ]
    return _marked(model, measured)


def write(results: Iterable[Result], place: Installed, threads: int) -> None:
    """Make the chosen executors those of an installed model; the next Triton repository has them."""
    found = {result.executor: result for result in results}
    serving = {name: found[name].best or 0.0 for name in SERVING if found[name].best is not None}
    contract: Contract = {
        **place.contract,
        "executor": next(name for name in serving if found[name].chosen),
        "trial": {**place.contract["trial"], "threads": threads, "milliseconds": serving},
    }
    for name, called in ON_GPU.items():
        if name in found and found[name].chosen:
            contract["gpu"] = called
    installed.write_contract(place.folder, contract)


def _answers(executor: Executor, model: Model) -> Tensors:
    """Return the answers to the pictures of the comparison, one by one."""
    together = pictures(model)
    count = len(next(iter(together.values())))
    each = [
        executor.run({name: values[index : index + 1] for name, values in together.items()}) for index in range(count)
    ]
    return {name: np.concatenate([answers[name] for answers in each]) for name in model.outputs}


def _share(name: str, model: Model, found: Tensors, expected: Tensors, machine: Machine) -> float:
    """Return the largest difference as a share of what is accepted: the catalogue's, for an engine its precision's."""
    differences = largest_differences(model, found, expected)
    accepted: Mapping[str, float] = {output: border.tolerance for output, border in model.outputs.items()}
    if name == "tensorrt":
        accepted = {output: ACCEPTED[machine.precision] * _largest(expected[output]) for output in model.outputs}
    return max(differences[output] / accepted[output] for output in model.outputs)


def _largest(values: np.ndarray) -> float:
    return max(float(np.abs(values).max()), 1e-6)


def _result(model: str, name: str, milliseconds: list[float], differs: float) -> Result:
    best, p50, p90 = np.percentile(milliseconds, [0, 50, 90]).round(3)
    return Result(model, name, float(best), float(p50), float(p90), differs)


def _marked(model: Model, results: list[Result]) -> list[Result]:
    """Mark the fastest of those that serve on a processor, and where engines were measured, on a GPU."""
    chosen = {_fastest(result for result in results if result.executor in SERVING)}
    if None in chosen:
        raise ModelUnusableError(
            f"No executor that serves answers as the graph of {model.name} does: run `atelier models verify "
            f"{model.name}`.",
            metadata={"model": model.name},
        )
    on_gpu = [result for result in results if result.executor in ON_GPU]
    if all(result.absent is None for result in on_gpu):  # one alone wins over nobody
        chosen.add(_fastest(on_gpu))
    return [dataclasses.replace(result, chosen=result.executor in chosen) for result in results]


def _fastest(results: Iterable[Result]) -> str | None:
    best = {result.executor: result.best for result in results if result.holds and result.best is not None}
    return min(best, key=best.__getitem__) if best else None
