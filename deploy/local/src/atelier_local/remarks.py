"""What happened to processes that an operator should know, one sentence each: `remarks.json` in the state folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_FILE = "remarks.json"


def note(state_dir: Path, name: str, sentence: str) -> None:
    """Write down what happened to a process last. One process writes: the janitor."""
    draft = state_dir / f"{_FILE}.draft"
    draft.write_text(json.dumps({**read(state_dir), name: sentence}), encoding="utf-8")
    draft.replace(state_dir / _FILE)


def read(state_dir: Path) -> Mapping[str, str]:
    """Read the last sentence of each process that there is one of."""
    try:
        found: Mapping[str, str] = json.loads((state_dir / _FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found


def erase(state_dir: Path) -> None:
    """Forget all of them: a new stack begins."""
    (state_dir / _FILE).unlink(missing_ok=True)
