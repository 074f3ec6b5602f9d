"""How an engine is built, as a value: everything that changes the plan stands here and goes into its sidecar."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from atelier_models.catalogue import Model
    from atelier_models.engines.precision import EnginePrecision

Ranges = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]

# Sides of the pictures that networks of free size take: one profile each, since one wide profile is slow at all sizes.
BUCKETS: Final = (128, 256, 512)
_SMALLEST_SIDE: Final = 16
_WORKSPACE_BYTES: Final = 2 * 1024**3
_OPTIMISATION_LEVEL: Final = 3  # TensorRT's own default


@dataclass(frozen=True, slots=True)
class BuildSpec:
    """A build.

    `sm` is the GPU's compute capability without its dot (89 is an L4 or an RTX 4090). `profiles` hold for each input
    the smallest, the usual and the largest shape, the batch first.
    """

    model: str
    sm: int
    precision: EnginePrecision
    profiles: tuple[dict[str, Ranges], ...]
    workspace_bytes: int = _WORKSPACE_BYTES
    optimisation_level: int = _OPTIMISATION_LEVEL

    def as_json(self) -> dict[str, object]:
        """Return the specification for `json.dumps`, with the compute capability as the builder takes it."""
        return {**dataclasses.asdict(self), "compute_capability": [self.sm // 10, self.sm % 10]}


def spec_of(model: Model, sm: int, precision: EnginePrecision) -> BuildSpec:
    """Return how a model of the catalogue is built: a profile for each bucket where its size is free, else one."""
    free = any(-1 in border.shape for border in model.inputs.values())
    profiles = tuple(_profile(model, bucket) for bucket in (BUCKETS if free else (0,)))
    return BuildSpec(model.name, sm, precision, profiles)


def parse_sm(text: str) -> int:
    """Read a compute capability, `89` or `8.9`. Raises ValueError."""
    if not re.fullmatch(r"\d{2,3}|\d{1,2}\.\d", text):
        raise ValueError(f"{text!r} is no compute capability; it is two or three digits, such as 89 or 8.9")
    return int(text.replace(".", ""))


def _profile(model: Model, bucket: int) -> dict[str, Ranges]:
    usual = max(size for size in model.triton.preferred_batches)
    profile = {}
    for name, border in model.inputs.items():
        low = tuple(_SMALLEST_SIDE if size == -1 else size for size in border.shape)
        high = tuple(bucket if size == -1 else size for size in border.shape)
        profile[name] = ((1, *low), (usual, *high), (model.triton.max_batch, *high))
    return profile
