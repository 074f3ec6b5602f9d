"""The families of checkpoints that can be used, as data."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

LIGHTNING_FILE = "lightning.safetensors"


@dataclass(frozen=True, slots=True)
class Lightning:
    """What changes under an adapter that was distilled to few steps."""

    steps: int
    call: Mapping[str, Any] = field(default_factory=dict)
    scheduler: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Family:
    """A family of checkpoints; `families.toml` says what each field means."""

    name: str
    title: str
    pipeline: str
    licence: str
    multiple: int
    steps: int
    requires: tuple[str, ...]
    call: Mapping[str, Any]
    lightning: Lightning | None = None


@cache
def families() -> Mapping[str, Family]:
    """Read the families by name; a misspelt field stops the start."""
    text = resources.files("atelier_edit.diffusion").joinpath("families.toml").read_text(encoding="utf-8")
    return {name: _family(name, entry) for name, entry in tomllib.loads(text).items()}


def _family(name: str, entry: dict[str, Any]) -> Family:
    own = dict(entry)
    lightning = own.pop("lightning", None)
    requires = tuple(own.pop("requires"))
    return Family(name=name, requires=requires, lightning=Lightning(**lightning) if lightning else None, **own)
