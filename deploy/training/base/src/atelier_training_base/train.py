"""The training run: steps until the time is over, with checkpoints to go on from."""

from __future__ import annotations

import json
import math
import queue
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch

from atelier_training_base.network import FULL, SIGMA_DATA, Denoiser, Size

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from torch import Tensor

    from atelier_training_base.batches import Batch, Maker

CHECKPOINT: Final = "checkpoint.pt"
PEAK: Final = 5e-4
WARM_UP_STEPS: Final = 100
ANNEAL_FROM: Final = 0.6  # of the time
NOISE_MEAN, NOISE_SPREAD = -1.4, 1.3  # of ln sigma
AHEAD: Final = 4


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
    compiled: bool = False
    half: bool = False
    checkpoint_every: float = 180.0
    steps: int | None = None
    size: Size = FULL


class Run:
    """The state of a run and its clock."""

    def __init__(self, plan: Plan, maker: Maker) -> None:
        torch.manual_seed(plan.seed)
        torch.set_num_threads(plan.threads)
        self.plan, self.maker = plan, maker
        self.network: Denoiser = Denoiser(plan.size).to(plan.device, memory_format=torch.channels_last)
        self.mean: Denoiser = Denoiser(plan.size).to(plan.device)
        self.mean.load_state_dict(self.network.state_dict())
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), PEAK, betas=(0.9, 0.99), weight_decay=0.01, fused=True
        )
        self.step_number = 0
        self._before = 0.0
        self._started = self._saved = time.monotonic()
        self._losses: list[float] = []
        self._forward = torch.compile(self.network) if plan.compiled else self.network

    @property
    def spent(self) -> float:
        """Return the share of the run that is over, 0 to 1."""
        if self.plan.steps is not None:
            return min(self.step_number / self.plan.steps, 1.0)
        return min((self._before + time.monotonic() - self._started) / self.plan.seconds, 1.0)

    def train(self) -> None:
        """Go on until the time is over."""
        self.resume()
        for batch in self._batches():
            self._losses.append(self.step(batch))
            if time.monotonic() - self._saved > self.plan.checkpoint_every:
                self.save()
        self.save()

    def step(self, batch: Batch) -> float:
        """Learn from one batch; return its loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.step_number, self.spent)
        generator = torch.Generator().manual_seed(self.plan.seed * 1_000_003 + self.step_number)
        with torch.autocast(torch.device(self.plan.device).type, torch.bfloat16, enabled=self.plan.half):
            found = loss(self._forward, batch, generator, self.plan.device)
        self.optimiser.zero_grad(set_to_none=True)
        found.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        self.step_number += 1
        self._follow()
        return float(found.detach())

    def save(self) -> None:
        """Write checkpoint and log line."""
        seconds = self._before + time.monotonic() - self._started
        state = {
            "network": self.network.state_dict(),
            "mean": self.mean.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step_number,
            "seconds": seconds,
        }
        part = self.plan.work / (CHECKPOINT + ".part")
        torch.save(state, part)
        part.replace(self.plan.work / CHECKPOINT)
        line = {"step": self.step_number, "seconds": round(seconds), "loss": float(np.mean(self._losses or [0.0]))}
        with (self.plan.work / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
        self._losses.clear()
        self._saved = time.monotonic()

    def resume(self) -> None:
        """Take up the folder's checkpoint where there is one."""
        try:
            state: dict[str, Any] = torch.load(self.plan.work / CHECKPOINT, weights_only=True)
        except FileNotFoundError:
            return
        self.network.load_state_dict(state["network"])
        self.mean.load_state_dict(state["mean"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step_number, self._before = state["step"], state["seconds"]

    def start(self, state: Mapping[str, Tensor]) -> None:
        """Begin from weights that an earlier run was released with; the folder's own checkpoint goes before them."""
        for network in (self.network, self.mean):
            network.load_state_dict(state)

    def _follow(self) -> None:
        """Let the mean of the weights follow, closely at first."""
        decay = min(0.999, (1 + self.step_number) / (20 + self.step_number))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.mean.parameters()), list(self.network.parameters()), 1 - decay)

    def _batches(self) -> Iterator[Batch]:
        """Yield batches until the run is over; a thread stays a few ahead. Each step's is its own, whoever resumes."""
        ready: queue.Queue[Batch] = queue.Queue(AHEAD)
        over = threading.Event()
        threading.Thread(target=self._prepare, args=(self.step_number, ready, over), daemon=True).start()
        try:
            while self.spent < 1:
                yield ready.get(timeout=300)
        finally:
            over.set()

    def _prepare(self, number: int, ready: queue.Queue[Batch], over: threading.Event) -> None:
        while not over.is_set():
            batch = self.maker.batch(self.plan.count, np.random.default_rng((self.plan.seed, number)))
            number += 1
            while not over.is_set():
                try:
                    ready.put(batch, timeout=1)
                    break
                except queue.Full:
                    continue


def loss(network: torch.nn.Module, batch: Batch, generator: torch.Generator, device: str) -> Tensor:
    """Return the denoising loss of a batch at noise drawn by the generator."""
    count = len(batch.residual)
    sigma = torch.exp(torch.randn(count, generator=generator) * NOISE_SPREAD + NOISE_MEAN).to(device)
    noise = torch.randn(batch.residual.shape, generator=generator).to(device)
    clean = batch.residual.to(device)
    level = sigma[:, None, None, None]
    noisy = (clean + level * noise).contiguous(memory_format=torch.channels_last)
    low, places, told = batch.low.to(device), batch.places.to(device), batch.attributes.to(device)
    denoised = network(noisy, sigma, low, places, told)
    scale = (level**2 + SIGMA_DATA**2) / (level * SIGMA_DATA) ** 2
    weight = torch.nn.functional.interpolate(batch.weight.to(device), scale_factor=4.0, mode="nearest")
    return (scale * weight * (denoised.float() - clean) ** 2).mean()


def multiplies_bfloat16(device: str) -> bool:
    """Return whether bfloat16 is multiplied in hardware: by AMX tiles, by AVX-512, or by a GPU since Ampere."""
    if torch.device(device).type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    able = torch.cpu.get_capabilities()
    return bool(able.get("amx_bf16") or able.get("avx512_bf16"))


def learning_rate(step: int, spent: float) -> float:
    """Return the rate: a short rise, a plateau, and half a cosine over the last part of the time."""
    rise = min((step + 1) / WARM_UP_STEPS, 1.0)
    progress = max(spent - ANNEAL_FROM, 0.0) / (1 - ANNEAL_FROM)
    return PEAK * rise * (0.01 + 0.99 * (1 + math.cos(math.pi * progress)) / 2)
