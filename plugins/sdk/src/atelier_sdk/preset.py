"""Presets that a plugin brings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Preset:
    """A named set of parameters.

    `kind` says what it is a preset of: `purpose` or `look` of a generation. `description` is one sentence on what comes
    of it. `values` are by the path of the field that they fill where a caller left it empty: `lens.focal_mm`.
    """

    kind: str
    name: str
    description: str
    values: Mapping[str, object] = field(default_factory=dict)
