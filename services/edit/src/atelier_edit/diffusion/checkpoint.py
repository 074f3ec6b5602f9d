"""Where a checkpoint lies, and what to do where it does not."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from atelier_sdk.errors import ModelNotInstalledError, ModelUnusableError

from atelier_edit.diffusion.families import LIGHTNING_FILE

if TYPE_CHECKING:
    from atelier_edit.diffusion.families import Family
    from atelier_edit.diffusion.settings import DiffusionSettings

_HUB_ID: Final = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?")
INDEX: Final = "model_index.json"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint of a family on this machine.

    `place` is a folder, or the name of a repository in the model hub's cache with its `revision`. `lightning` is the
    adapter that came with it.
    """

    family: Family
    place: str
    revision: str | None = None
    lightning: Path | None = None

    @property
    def version(self) -> str:
        """Return what the report says of it."""
        adapter = "+lightning" if self.lightning else ""
        return f"{self.revision or Path(self.place).name}{adapter}"


def locate(settings: DiffusionSettings, family: Family) -> Checkpoint:
    """Find the checkpoint that the settings ask for, without loading it.

    A folder must hold the pipeline that its family names. A repository of the hub is looked for only when it is loaded,
    and only in the hub's cache: nothing is downloaded by a service.

    Raises ModelNotInstalledError with the command that installs it, and ModelUnusableError where it is another one.
    """
    folder = Path(settings.checkpoint).expanduser() if settings.checkpoint else settings.folder
    if (folder / INDEX).is_file():
        _require_pipeline(folder, family)
        lightning = folder / LIGHTNING_FILE
        return Checkpoint(family, str(folder), lightning=lightning if lightning.is_file() else None)
    named = _HUB_ID.fullmatch(settings.checkpoint)
    if named is None or folder.exists():
        raise not_installed(family, str(folder))
    return Checkpoint(family, named["repository"], named["revision"])


def not_installed(family: Family, place: str) -> ModelNotInstalledError:
    """Make the error that says which checkpoint is missing, where it was looked for, and what installs it."""
    command = f"atelier models pull {family.name}"
    return ModelNotInstalledError(
        f"The checkpoint of {family.title} is not at {place}. Run `{command}`, or set ATELIER_EDIT_CHECKPOINT to a "
        "folder that holds it, or ATELIER_EDIT_BACKEND to `classical`.",
        metadata={"model": family.name, "command": command},
    )


def _require_pipeline(folder: Path, family: Family) -> None:
    try:
        index: dict[str, Any] = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    except ValueError as error:
        raise _unusable(folder, family, f"its {INDEX} is no JSON") from error
    found = index.get("_class_name")
    if found != family.pipeline:
        raise _unusable(folder, family, f"it is a {found}, not a {family.pipeline}")


def _unusable(folder: Path, family: Family, why: str) -> ModelUnusableError:
    return ModelUnusableError(
        f"The checkpoint at {folder} is not one of {family.title}: {why}.", metadata={"model": family.name}
    )
