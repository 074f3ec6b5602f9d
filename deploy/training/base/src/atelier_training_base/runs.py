"""A training run: steps until the time is over, with checkpoints to go on from."""

from __future__ import annotations

import json
import queue
import threading
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import numpy as np
import torch
from rich import progress
from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from torch.nn import Module
    from torch.optim import Optimizer

CHECKPOINT: Final = "checkpoint.pt"
AHEAD: Final = 4
B = TypeVar("B")


@dataclass(frozen=True, slots=True)
class Plan:
    """A folder to work in, how long, on what; with `steps`, a run ends there whatever the time.

    `half` multiplies in bfloat16, which is faster only where the processor does: see `multiplies_bfloat16`.
    """

    work: Path
    seconds: float
    device: str = "cpu"
    threads: int = 2
    count: int = 8
    seed: int = 0
    half: bool = False
    checkpoint_every: float = 180.0
    steps: int | None = None


class Run(ABC, Generic[B]):
    """The clock of a run, its checkpoints and its log. B is what a step learns from."""

    def __init__(self, plan: Plan) -> None:
        torch.manual_seed(plan.seed)
        torch.set_num_threads(plan.threads)
        self.plan = plan
        self.step_number = 0
        self._before = 0.0
        self._started = self._saved = time.monotonic()
        self._noted: list[Mapping[str, float]] = []

    @property
    @abstractmethod
    def parts(self) -> Mapping[str, Module | Optimizer]:
        """Return what a checkpoint keeps the state of."""

    @abstractmethod
    def batch(self, generator: np.random.Generator) -> B:
        """Return what one step learns from."""

    @abstractmethod
    def step(self, batch: B) -> Mapping[str, float]:
        """Learn from one batch; return what the log shows the mean of."""

    @property
    def spent(self) -> float:
        """Return the share of the run that is over, 0 to 1."""
        if self.plan.steps is not None:
            return min(self.step_number / self.plan.steps, 1.0)
        return min((self._before + time.monotonic() - self._started) / self.plan.seconds, 1.0)

    def train(self) -> None:
        """Go on until the time is over."""
        self.resume()
        with progress.Progress(console=Console(stderr=True)) as bar:
            task = bar.add_task("Training", total=1.0)
            for batch in self._batches():
                self._noted.append(self.step(batch))
                self.step_number += 1
                bar.update(task, completed=self.spent, description=f"Training, step {self.step_number}")
                if time.monotonic() - self._saved > self.plan.checkpoint_every:
                    self.save()
        self.save()

    def save(self) -> None:
        """Write checkpoint and log line."""
        seconds = self._before + time.monotonic() - self._started
        state: dict[str, Any] = {name: part.state_dict() for name, part in self.parts.items()}
        part = self.plan.work / (CHECKPOINT + ".part")
        torch.save({**state, "step": self.step_number, "seconds": seconds}, part)
        part.replace(self.plan.work / CHECKPOINT)
        names = self._noted[0] if self._noted else ()
        means = {name: float(np.mean([each[name] for each in self._noted])) for name in names}
        with (self.plan.work / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps({"step": self.step_number, "seconds": round(seconds), **means}) + "\n")
        self._noted.clear()
        self._saved = time.monotonic()

    def resume(self) -> None:
        """Take up the folder's checkpoint where there is one."""
        try:
            state: dict[str, Any] = torch.load(self.plan.work / CHECKPOINT, weights_only=True)
        except FileNotFoundError:
            return
        for name, part in self.parts.items():
            part.load_state_dict(state[name])
        self.step_number, self._before = state["step"], state["seconds"]

    def noise_source(self) -> torch.Generator:
        """Return the generator of this step's noise, the same whoever resumes."""
        return torch.Generator().manual_seed(self.plan.seed * 1_000_003 + self.step_number)

    def _batches(self) -> Iterator[B]:
        """Yield batches until the run is over; a thread stays a few ahead. Each step's is its own, whoever resumes."""
        ready: queue.Queue[B] = queue.Queue(AHEAD)
        over = threading.Event()
        threading.Thread(target=self._prepare, args=(self.step_number, ready, over), daemon=True).start()
        try:
            while self.spent < 1:
                yield ready.get(timeout=300)
        finally:
            over.set()

    def _prepare(self, number: int, ready: queue.Queue[B], over: threading.Event) -> None:
        while not over.is_set():
            batch = self.batch(np.random.default_rng((self.plan.seed, number)))
            number += 1
            while not over.is_set():
                try:
                    ready.put(batch, timeout=1)
                    break
                except queue.Full:
                    continue


def follow(mean: Module, network: Module, step: int, slowest: float = 0.999) -> None:
    """Let the mean of a network's weights follow it after a step, closely at first."""
    decay = min(slowest, (1 + step) / (20 + step))
    with torch.no_grad():
        torch._foreach_lerp_(list(mean.parameters()), list(network.parameters()), 1 - decay)


def multiplies_bfloat16(device: str) -> bool:
    """Return whether bfloat16 is multiplied in hardware: by AMX tiles, by AVX-512, or by a GPU since Ampere."""
    if torch.device(device).type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    able = torch.cpu.get_capabilities()
    return bool(able.get("amx_bf16") or able.get("avx512_bf16"))
