"""Which TensorRT builds engines, and which Triton serves them."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True, slots=True)
class Versions:
    """The pinned versions: Triton's image, the TensorRT in it, and the TensorRT that tries builds without a GPU."""

    triton_image: str
    tensorrt: str
    trial: str


@functools.cache
def pinned() -> Versions:
    """Return what versions.toml says."""
    text = resources.files("atelier_models.engines").joinpath("versions.toml").read_text(encoding="utf-8")
    return Versions(**tomllib.loads(text))
