"""Families of checkpoints as data: which pipeline, with which arguments, under which licence."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

LIGHTNING_FILE: Final = "lightning.safetensors"


@dataclass(frozen=True, slots=True)
class Lightning:
    """What changes under an adapter that was distilled to few steps.

    `scheduler` replaces entries of the scheduler's configuration.
    """

    steps: int
    call: Mapping[str, Any] = field(default_factory=dict)
    scheduler: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A family of checkpoints.

    `pipeline` is the class that `model_index.json` must name; empty where any will do. Both sides of a picture are
    divisible by `multiple`. `steps` and `call` go to the pipeline, `requires` are packages that it needs besides
    PyTorch and diffusers. `atelier models pull` knows it by its name, where it is `pullable`.
    """

    name: str
    title: str
    pipeline: str
    licence: str
    multiple: int
    steps: int
    requires: tuple[str, ...] = ()
    call: Mapping[str, Any] = field(default_factory=dict)
    lightning: Lightning | None = None
    pullable: bool = True


Kind = TypeVar("Kind", bound=Family)


def read_families(kind: type[Kind], package: str) -> Mapping[str, Kind]:
    """Read a package's `families.toml`, by name. Raises TypeError for a misspelt field."""
    text = resources.files(package).joinpath("families.toml").read_text(encoding="utf-8")
    return {name: _family(kind, name, entry) for name, entry in tomllib.loads(text).items()}


def _family(kind: type[Kind], name: str, entry: dict[str, Any]) -> Kind:
    own = dict(entry)
    lightning = own.pop("lightning", None)
    requires = tuple(own.pop("requires", ()))
    return kind(name=name, requires=requires, lightning=Lightning(**lightning) if lightning else None, **own)
