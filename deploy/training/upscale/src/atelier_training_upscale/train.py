"""The training run: one network for the first third of the time, then one for each purpose, taking turns."""

from __future__ import annotations

import json
import queue
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from atelier_training_upscale.batches import Purpose, batch
from atelier_training_upscale.photographs import Photographs, held_out, load, to_train_on
from atelier_training_upscale.schedule import SPECIALISE_AT, learning_rate
from atelier_training_upscale.student import Student
from atelier_training_upscale.watch import watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from torch import Tensor

CHECKPOINT = "checkpoint.pt"
PATCH, COUNT = 32, 24
SCALE_TURNS = (4, 2, 4)
AHEAD = 4  # batches that wait for the network


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is given: pictures, a folder to work in, how long, and on what."""

    portraits: Path
    work: Path
    seconds: float
    device: str = "cpu"
    threads: int = 2
    seed: int = 0
    compiled: bool = True
    checkpoint_every: float = 180.0


def train(plan: Plan, report: Callable[[float, dict[str, float]], None]) -> dict[Purpose, Student]:
    """Train, going on from the folder's checkpoint where there is one, and return both networks.

    `report` gets the share of the time that is spent, and the latest figures.
    """
    torch.set_num_threads(plan.threads)
    torch.manual_seed(plan.seed)
    run = _Run(plan)
    run.resume()
    figures: dict[str, float] = {}
    for task in _tasks(run):
        figures[f"{task.purpose} x{task.scale}"] = run.step(task)
        report(run.spent, figures)
        if run.time_to_save():
            run.save(figures)
    run.save(figures)
    return run.students


@dataclass(frozen=True, slots=True)
class _Task:
    purpose: Purpose
    scale: int
    small: Tensor
    large: Tensor


class _Run:
    """The state of a run and its clock."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.students: dict[Purpose, Student] = {}
        self.step_number = 0
        self.photographs: Photographs = to_train_on(plan.portraits, 4 * PATCH + 16)
        self.watched = [load(path) for path in held_out(plan.portraits)[::4]]
        self._before = 0.0
        self._started = self._saved = time.monotonic()
        self.add("faithful")

    @property
    def spent(self) -> float:
        return min((self._before + time.monotonic() - self._started) / self.plan.seconds, 1.0)

    def add(self, purpose: Purpose) -> None:
        student = Student(purpose, torch.device(self.plan.device), compiled=self.plan.compiled)
        if self.students:
            student.load(self.students["faithful"].state())
        self.students[purpose] = student

    def step(self, task: _Task) -> float:
        self.step_number += 1
        return self.students[task.purpose].learn(task.small, task.large, task.scale, learning_rate(self.spent))

    def time_to_save(self) -> bool:
        return time.monotonic() - self._saved > self.plan.checkpoint_every

    def save(self, figures: dict[str, float]) -> None:
        self._saved = time.monotonic()
        seconds = self._before + self._saved - self._started
        state = {
            "students": {purpose: student.state() for purpose, student in self.students.items()},
            "step": self.step_number,
            "seconds": seconds,
        }
        part = self.plan.work / (CHECKPOINT + ".part")
        torch.save(state, part)
        part.replace(self.plan.work / CHECKPOINT)
        seen = watch(self.students, self.watched)
        line = {"step": self.step_number, "seconds": round(seconds), **figures, **seen}
        with (self.plan.work / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")

    def resume(self) -> None:
        try:
            state: dict[str, Any] = torch.load(self.plan.work / CHECKPOINT, weights_only=True)
        except FileNotFoundError:
            return
        for purpose in state["students"]:
            if purpose not in self.students:
                self.add(purpose)
            self.students[purpose].load(state["students"][purpose])
        self.step_number, self._before = state["step"], state["seconds"]


def _tasks(run: _Run) -> Iterator[_Task]:
    """Yield prepared work until the time is over; a thread stays a few batches ahead."""
    ready: queue.Queue[_Task] = queue.Queue(AHEAD)
    over = threading.Event()
    maker = threading.Thread(target=_prepare, args=(run, ready, over), daemon=True)
    maker.start()
    try:
        while run.spent < 1:
            task = ready.get(timeout=120)
            if task.purpose not in run.students:
                run.add(task.purpose)
            yield task
    finally:
        over.set()


def _prepare(run: _Run, ready: queue.Queue[_Task], over: threading.Event) -> None:
    generator = np.random.default_rng((run.plan.seed, run.step_number))
    number = run.step_number
    while not over.is_set():
        purpose: Purpose = "restore" if run.spent >= SPECIALISE_AT and number % 2 else "faithful"
        scale = SCALE_TURNS[number // 2 % len(SCALE_TURNS)]
        task = _Task(purpose, scale, *batch(run.photographs, purpose, scale, PATCH, COUNT, generator))
        number += 1
        while not over.is_set():
            try:
                ready.put(task, timeout=1)
                break
            except queue.Full:
                continue
