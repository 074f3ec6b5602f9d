"""The complete `config.pbtxt` of a model, so that Triton has nothing to guess.

Fields are those of Triton's model_config.proto. A caller that does not name a priority gets the lowest, and a request
that waited too long is refused (REJECT), never served late.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from atelier_models.catalogue import Model, TritonSettings


def config_text(model: Model, parameters: Mapping[str, str]) -> str:
    """Return the configuration of `model` for Triton's Python backend; `parameters` reach its `model.py` as text."""
    lines = [
        f'name: "{model.name}"',
        'backend: "python"',
        f"max_batch_size: {model.triton.max_batch}",
        *(_border("input", name, border.shape) for name, border in model.inputs.items()),
        *(_border("output", name, border.shape) for name, border in model.outputs.items()),
        f"instance_group {{ count: {model.triton.instances} kind: KIND_CPU }}",
        "version_policy { latest { num_versions: 1 } }",
        _batching(model.triton),
        *(_warm_up(model, batch) for batch in model.triton.warm_up_batches),
        *(f'parameters {{ key: "{key}" value {{ string_value: "{value}" }} }}' for key, value in parameters.items()),
    ]
    return "\n".join(lines) + "\n"


def _sizes(sizes: Sequence[int]) -> str:
    return "[" + ", ".join(str(size) for size in sizes) + "]"


def _border(kind: str, name: str, shape: Sequence[int]) -> str:
    return f'{kind} {{ name: "{name}" data_type: TYPE_FP32 dims: {_sizes(shape)} }}'


def _batching(triton: TritonSettings) -> str:
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


def _warm_up(model: Model, batch: int) -> str:
    inputs = " ".join(
        f'inputs {{ key: "{name}" value {{ data_type: TYPE_FP32 dims: {_sizes(border.sample)} zero_data: true }} }}'
        for name, border in model.inputs.items()
    )
    return f'model_warmup {{ name: "batch of {batch}" batch_size: {batch} {inputs} }}'
