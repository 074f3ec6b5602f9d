"""Each step of a pipeline, whatever the pipeline: seen where it asks its scheduler.

Not by the pipelines' own callback: not all have one, and none says what the network takes the finished picture for.
"""

from __future__ import annotations

import functools
import inspect
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True, slots=True, eq=False)
class Stepped:
    """A step that was made: the `done`-th of `total`, and what the network now takes the finished latents for."""

    done: int
    total: int
    guess: Any


@contextmanager
def watching(pipeline: Any, after: Callable[[Stepped], Any]) -> Iterator[None]:
    """Call `after` on every step of a pipeline; it may raise to stop it there, or return latents to go on with."""
    scheduler = pipeline.scheduler
    step, done = scheduler.step, 0
    takes = inspect.signature(step)

    # Pipelines look at the signature for what their scheduler takes; `wraps` shows them the scheduler's own.
    @functools.wraps(step)
    def watched(*given: Any, **named: Any) -> Any:
        nonlocal done
        answer = step(*given, **named)
        done += 1
        sample = takes.bind(*given, **named).arguments["sample"]
        instead = after(Stepped(done, _total(pipeline), _guess(scheduler, sample, answer)))
        return answer if instead is None else _with(answer, instead)

    scheduler.step = watched
    try:
        yield
    finally:
        del scheduler.step


def _total(pipeline: Any) -> int:
    """Return how many steps there are: image to image leaves some of the scheduler's out, and writes down how many."""
    return int(getattr(pipeline, "_num_timesteps", 0) or len(pipeline.scheduler.timesteps))


def _guess(scheduler: Any, sample: Any, answer: Any) -> Any:
    """Return what the network took the finished latents for in this step.

    Most schedulers answer it. Flow matching does not, and walks a straight line: from two points on it, x_a at noise
    a and x_b at b, its end is x_b - b (x_b - x_a) / (b - a). Of any other, the noisy latents are all there is.
    """
    is_pair = isinstance(answer, tuple)
    guess = answer[1] if is_pair and len(answer) > 1 else getattr(answer, "pred_original_sample", None)
    if guess is not None:
        return guess
    latents = answer[0] if is_pair else answer.prev_sample
    if type(scheduler).__name__ != "FlowMatchEulerDiscreteScheduler" or scheduler.config.stochastic_sampling:
        return latents
    before, now = (float(scheduler.sigmas[scheduler.step_index + back]) for back in (-1, 0))
    return latents - now * (latents - sample) / (now - before)


def _with(answer: Any, latents: Any) -> Any:
    if isinstance(answer, tuple):
        return (latents, *answer[1:])
    answer.prev_sample = latents
    return answer
