"""Where a checkpoint lies, what to do where it does not, and what is in it."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from atelier_sdk.errors import ModelNotInstalledError, ModelUnusableError

from atelier_service.diffusion.families import LIGHTNING_FILE

if TYPE_CHECKING:
    from atelier_service.diffusion.families import Family, Lightning

INDEX: Final = "model_index.json"
_HUB_ID: Final = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?")
_READ: Final = frozenset({".safetensors", ".json", ".txt", ".model", ".jinja"})
# Written by whoever pulled it, not by whoever trained it.
_NOT_PART: Final = "checkpoint.json"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a checkpoint is looked for: what the settings ask for, or the folder where it is pulled to.

    `asked` is a folder, or `OWNER/NAME@REVISION` of the model hub's cache. `otherwise` ends the sentence for whom it is
    missing: what else can be done than to pull it.
    """

    asked: str
    folder: Path
    otherwise: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint of a family on this machine.

    `place` is a folder, or the name of a repository in the model hub's cache with its `revision`. `lightning` is the
    adapter that came with it.
    """

    family: Family
    place: str
    otherwise: str
    revision: str | None = None
    lightning: Path | None = None

    @property
    def version(self) -> str:
        """Return what the report says of it."""
        adapter = "+lightning" if self.lightning else ""
        return f"{self.revision or Path(self.place).name}{adapter}"

    @property
    def joined(self) -> Lightning | None:
        """Return what the adapter changes, where there is one and its family knows it."""
        return self.family.lightning if self.lightning else None

    @property
    def is_folder(self) -> bool:
        """Say whether it is a folder, not a repository in the hub's cache."""
        return self.place.startswith(("/", "."))


def locate(place: Place, family: Family) -> Checkpoint:
    """Find a checkpoint, without loading it.

    A folder must hold the pipeline that its family names. A repository of the hub is looked for only when it is loaded,
    and only in the hub's cache: nothing is downloaded by a service.

    Raises ModelNotInstalledError with the command that installs it, and ModelUnusableError where it is another one.
    """
    folder = Path(place.asked).expanduser() if place.asked else place.folder
    if (folder / INDEX).is_file():
        _require_pipeline(folder, family)
        lightning = folder / LIGHTNING_FILE
        found = lightning if family.lightning and lightning.is_file() else None
        return Checkpoint(family, str(folder.absolute()), place.otherwise, lightning=found)
    named = _HUB_ID.fullmatch(place.asked)
    if named is None or folder.exists():
        raise not_installed(family, str(folder), place.otherwise)
    return Checkpoint(family, named["repository"], place.otherwise, named["revision"])


def not_installed(family: Family, place: str, otherwise: str) -> ModelNotInstalledError:
    """Make the error that says which checkpoint is missing, where it was looked for, and what installs it."""
    if not family.pullable:
        return ModelNotInstalledError(
            f"There is no checkpoint of {family.title} at {place}; {otherwise}.", metadata={"model": family.name}
        )
    command = f"atelier models pull {family.name}"
    return ModelNotInstalledError(
        f"The checkpoint of {family.title} is not at {place}. Run `{command}`, or {otherwise}.",
        metadata={"model": family.name, "command": command},
    )


def digest(checkpoint: Checkpoint) -> str:
    """Return the SHA-256 of a checkpoint, in hex: of the names and SHA-256 of all files that are read of it.

    Raises OSError where they cannot be read.
    """
    whole, root = hashlib.sha256(), _root(checkpoint)
    for path in sorted(root.rglob("*")):
        if path.suffix in _READ and path.name != _NOT_PART and path.is_file():
            with path.open("rb") as file:
                part = hashlib.file_digest(file, "sha256").hexdigest()
            whole.update(f"{part}  {path.relative_to(root).as_posix()}\n".encode())
    return whole.hexdigest()


def _root(checkpoint: Checkpoint) -> Path:
    if checkpoint.is_folder:
        return Path(checkpoint.place)
    from huggingface_hub import snapshot_download

    return Path(snapshot_download(checkpoint.place, revision=checkpoint.revision, local_files_only=True))


def _require_pipeline(folder: Path, family: Family) -> None:
    try:
        index: dict[str, Any] = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    except ValueError as error:
        raise _unusable(folder, family, f"its {INDEX} is no JSON") from error
    found = index.get("_class_name")
    if family.pipeline and found != family.pipeline:
        raise _unusable(folder, family, f"it is a {found}, not a {family.pipeline}")


def _unusable(folder: Path, family: Family, why: str) -> ModelUnusableError:
    return ModelUnusableError(
        f"The checkpoint at {folder} is not one of {family.title}: {why}.", metadata={"model": family.name}
    )
