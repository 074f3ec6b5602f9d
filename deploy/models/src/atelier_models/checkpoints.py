"""Checkpoints of diffusion pipelines: from a model hub, or from a folder that is there already.

They lie in `checkpoints/<name>` of the home, as `diffusers` reads them, with `checkpoint.json` beside: which
repository, at which commit, under which licence. The hub is asked through its own client, which comes with
`atelier-edit[diffusion]` and knows the user's token, mirror and proxies.
"""

from __future__ import annotations

import json
import shutil
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import import_module, resources
from typing import TYPE_CHECKING, Any

from atelier_sdk.errors import HostUnsuitableError, ModelUnusableError, RegistryUnreachableError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from atelier_models.progress import Reporter

INDEX = "model_index.json"
RECORD = "checkpoint.json"
ADAPTER = "lightning.safetensors"
# Only what diffusers loads: no second copy of the weights in another format, no pictures.
_PATTERNS = ("*.json", "*.txt", "*.safetensors", "*.jinja", "*.model")
_NOT = ("*.onnx", "*.bin", "*.ckpt", "*.fp16.safetensors", "flux*.safetensors", "ae.safetensors", "sd_xl*.safetensors")


@dataclass(frozen=True, slots=True)
class Adapter:
    """A file of another repository that belongs to a checkpoint."""

    repository: str
    revision: str
    file: str
    licence: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint that can be pulled; `checkpoints.toml` says what each field means."""

    name: str
    title: str
    repository: str
    revision: str
    licence: str
    pipeline: str
    adapter: Adapter | None = None


@cache
def load() -> Mapping[str, Checkpoint]:
    """Read the checkpoints by name; a misspelt field is an error."""
    text = resources.files("atelier_models").joinpath("checkpoints.toml").read_text(encoding="utf-8")
    return {name: _entry(name, entry) for name, entry in tomllib.loads(text).items()}


def folder_of(checkpoint: Checkpoint, home: Path) -> Path:
    """Return where a checkpoint lies once it is installed."""
    return home / "checkpoints" / checkpoint.name


def pull(checkpoint: Checkpoint, home: Path, progress: Reporter, revision: str | None = None) -> Path:
    """Return the checkpoint's folder, fetched from the hub if it is not complete; `revision` pins another state.

    Raises HostUnsuitableError where the hub's client is missing, RegistryUnreachableError where the hub does not give
    it out, and ModelUnusableError where what came is another pipeline.
    """
    hub = _hub()
    folder = folder_of(checkpoint, home)
    if folder.is_symlink():
        folder.unlink()
    repository, pin = checkpoint.repository, revision or checkpoint.revision
    commit = _asked(repository, lambda: hub.model_info(repository, revision=pin).sha)
    if _recorded(folder).get("commit") == commit:
        return folder
    (folder / RECORD).unlink(missing_ok=True)
    with progress.step(f"Downloading {checkpoint.title}"):
        _asked(
            repository,
            lambda: hub.snapshot_download(
                repository,
                revision=commit,
                local_dir=folder,
                allow_patterns=list(_PATTERNS),
                ignore_patterns=list(_NOT),
            ),
        )
        _fetch_adapter(hub, checkpoint, folder)
    require_pipeline(checkpoint, folder)
    record = {"repository": checkpoint.repository, "commit": commit, "licence": checkpoint.licence}
    (folder / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return folder


def link(checkpoint: Checkpoint, home: Path, source: Path) -> Path:
    """Use a folder that holds the checkpoint already, by a link to it.

    Raises ModelUnusableError where it holds another pipeline or none.
    """
    require_pipeline(checkpoint, source)
    folder = folder_of(checkpoint, home)
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.is_symlink():
        folder.unlink()
    if folder.exists():
        raise ModelUnusableError(
            f"{folder} is in the way; remove it first if the folder {source} is to be used instead.",
            metadata={"model": checkpoint.name},
        )
    folder.symlink_to(source.absolute(), target_is_directory=True)
    return folder


def require_pipeline(checkpoint: Checkpoint, folder: Path) -> None:
    """Raise ModelUnusableError unless a folder holds the checkpoint's pipeline."""
    try:
        found = json.loads((folder / INDEX).read_text(encoding="utf-8")).get("_class_name")
    except (OSError, ValueError):
        found = None
    if found != checkpoint.pipeline:
        why = f"its {INDEX} names {found or 'nothing'}, not {checkpoint.pipeline}"
        raise ModelUnusableError(
            f"{folder} does not hold {checkpoint.title}: {why}.", metadata={"model": checkpoint.name}
        )


def _entry(name: str, entry: dict[str, Any]) -> Checkpoint:
    own = dict(entry)
    adapter = own.pop("adapter", None)
    return Checkpoint(name=name, adapter=Adapter(**adapter) if adapter else None, **own)


def _fetch_adapter(hub: Any, checkpoint: Checkpoint, folder: Path) -> None:
    adapter = checkpoint.adapter
    if adapter is None:
        return
    came = _asked(
        adapter.repository,
        lambda: hub.hf_hub_download(adapter.repository, adapter.file, revision=adapter.revision),
    )
    shutil.copyfile(came, folder / ADAPTER)


def _recorded(folder: Path) -> dict[str, Any]:
    """Return what was written down of a complete download, or nothing."""
    try:
        record: dict[str, Any] = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record


def _hub() -> Any:
    try:
        return import_module("huggingface_hub")
    except ImportError as error:
        command = "pip install 'atelier-edit[diffusion]'"
        raise HostUnsuitableError(
            f"Checkpoints are fetched by the model hub's own client, which is not installed; run `{command}`, or use a "
            "folder that holds the checkpoint with --folder.",
            metadata={"missing": "huggingface_hub", "command": command},
        ) from error


def _asked(repository: str, ask: Any) -> Any:
    """Ask the hub, whose client has no one class for all that can go wrong on the way."""
    try:
        return ask()
    except (OSError, RuntimeError, ValueError, import_module("huggingface_hub.errors").HTTPError) as error:
        last = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
        raise RegistryUnreachableError(
            f"The model hub did not give out {repository} ({last}). Check the network and the hub's settings, or use a "
            "folder that holds the checkpoint with --folder.",
            metadata={"source": repository, "registry": "model hub"},
        ) from error
