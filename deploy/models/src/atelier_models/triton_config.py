"""The complete `config.pbtxt` of a model, so that Triton has nothing to guess.

Fields are those of Triton's model_config.proto. A caller that does not name a priority gets the lowest, and a request
that waited too long is refused (REJECT), never served late.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from atelier_models.catalogue import Input, Model, TritonSettings
    from atelier_models.targets import Running

# What a heavy model needs one of to run, so that two never do at once (`tritonserver --rate-limit=execution_count`).
ALONE = "alone"


def config_text(model: Model, running: Running) -> str:
    """Return the configuration of `model` as it runs."""
    lines = [
        f'name: "{model.name}"',
        f'backend: "{running.backend}"',
        f"max_batch_size: {running.triton.max_batch}",
        *(border_text("input", name, border.shape) for name, border in model.inputs.items()),
        *(border_text("output", name, border.shape) for name, border in model.outputs.items()),
        instances_text(running),
        *(f'cc_model_filenames {{ key: "{sm}" value: "{file}" }}' for sm, file in running.plans.items()),
        "version_policy { latest { num_versions: 1 } }",
        batching_text(running.triton),
        *_warm_ups(model, running),
        *parameters_text(running),
    ]
    return "\n".join(lines) + "\n"


def instances_text(running: Running) -> str:
    """Return how many copies run where, and what each needs to run."""
    kind = "KIND_GPU" if running.on_gpu else "KIND_CPU"
    profiles = " ".join(f'profile: "{index}"' for index in range(running.profiles))
    limit = f'rate_limiter {{ resources {{ name: "{ALONE}" count: 1 }} }}' if running.heavy else ""
    held = " ".join(part for part in (f"count: {running.triton.instances}", f"kind: {kind}", profiles, limit) if part)
    return f"instance_group {{ {held} }}"


def _sizes(sizes: Sequence[int]) -> str:
    return "[" + ", ".join(str(size) for size in sizes) + "]"


def border_text(kind: str, name: str, shape: Sequence[int], data_type: str = "FP32") -> str:
    """Return an input or output; -1 is a free size."""
    return f'{kind} {{ name: "{name}" data_type: TYPE_{data_type} dims: {_sizes(shape)} }}'


def parameters_text(running: Running) -> Iterator[str]:
    """Yield what reaches the backend as text."""
    for key, text in running.parameters.items():
        yield f'parameters {{ key: "{key}" value {{ string_value: {json.dumps(text, ensure_ascii=False)} }} }}'


def batching_text(triton: TritonSettings) -> str:
    """Return the dynamic batcher with only those limits that are set, because Triton treats any of them as a policy."""
    lines = [
        f"  preferred_batch_size: {_sizes(triton.preferred_batches)}",
        f"  max_queue_delay_microseconds: {triton.queue_delay_microseconds}",
    ]
    if triton.priorities:
        lines += [f"  priority_levels: {triton.priorities}", f"  default_priority_level: {triton.priorities}"]
    policy = []
    if triton.queue_size:
        policy += [f"    max_queue_size: {triton.queue_size}"]
    if triton.queue_timeout_milliseconds:
        policy += [
            "    timeout_action: REJECT",
            f"    default_timeout_microseconds: {triton.queue_timeout_milliseconds * 1000}",
            "    allow_timeout_override: true",
        ]
    if policy:
        lines += ["  default_queue_policy {", *policy, "  }"]
    return "\n".join(["dynamic_batching {", *lines, "}"])


def _warm_ups(model: Model, running: Running) -> Iterator[str]:
    """Yield a warm-up for each usual batch, at each size that a model of free size is served in."""
    for side in running.sides or (0,):
        for batch in running.triton.warm_up_batches:
            inputs = " ".join(
                f'inputs {{ key: "{name}" value {{ data_type: TYPE_FP32 dims: {_sizes(_sample(border, side))} '
                "zero_data: true } }"
                for name, border in model.inputs.items()
            )
            title = f"batch of {batch}" + (f" at {side}" if side else "")
            yield f'model_warmup {{ name: "{title}" batch_size: {batch} {inputs} }}'


def _sample(border: Input, side: int) -> Sequence[int]:
    """Return the shape that an input is warmed up with: its sample, or what it is at a size of its own."""
    if not side:
        return border.sample
    return [side if size == -1 else size for size in border.shape]
