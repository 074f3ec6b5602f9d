"""Plugins of another environment, known by a file each.

A capability whose dependencies conflict with Atelier's lives in an environment of its own, where the gateway cannot
import its plugin. So that environment is asked once, by its own Python, for what the plugin's hooks say:

    /path/to/environment/bin/python -m atelier_sdk.manifest FOLDER

writes `NAME.toml` for each plugin that brings capabilities, and the descriptors of each beside it. A host that is given
the folder takes each file for a plugin that registers those capabilities. Its other hooks stay behind.
"""

from __future__ import annotations

import json
import sys
import tomllib
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from atelier_sdk.capability import Capability, Limits, Resources
from atelier_sdk.markers import hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Manifest:
    """A plugin of another environment: it takes the place of the module that cannot be imported here."""

    name: str
    distribution: str
    version: str
    atelier_api: str
    capabilities: tuple[Capability, ...]

    @hookimpl
    def atelier_capabilities(self) -> Iterable[Capability]:
        """Register what the file says."""
        return self.capabilities


def load_manifest(path: Path) -> Manifest:
    """Read a manifest and the descriptor files that it names.

    Raises OSError, and ValueError with a sentence for what is not as `write_manifest` writes it.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        listed = tuple(_capability(entry, path.parent) for entry in document.pop("capability", ()))
        return _of(Manifest, {**document, "capabilities": listed})
    except (tomllib.TOMLDecodeError, TypeError, KeyError) as error:
        raise ValueError(f"{path.name} is no manifest: {error}") from error


def write_manifest(manifest: Manifest, folder: Path) -> Path:
    """Write a manifest and its descriptors into a folder and return the path of the first."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [_line(key, getattr(manifest, key)) for key in ("name", "distribution", "version", "atelier_api")]
    for capability in manifest.capabilities:
        descriptors = f"{manifest.name}.{capability.name}.binpb"
        (folder / descriptors).write_bytes(capability.descriptors)
        lines += _section(capability, descriptors)
    path = folder / f"{manifest.name}.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def remove_manifest(name: str, folder: Path) -> bool:
    """Remove a manifest with its descriptors and say whether there was one."""
    path = folder / f"{name}.toml"
    there = path.is_file()
    path.unlink(missing_ok=True)
    for descriptors in folder.glob(f"{name}.*.binpb") if folder.is_dir() else ():
        descriptors.unlink()
    return there


def _section(capability: Capability, descriptors: str) -> list[str]:
    plain = {"name", "service", "description", "command", "models"}
    lines = ["", "[[capability]]", *(_line(key, getattr(capability, key)) for key in sorted(plain))]
    lines.append(_line("descriptors", descriptors))
    tables: dict[str, Mapping[str, object]] = {
        "limits": asdict(capability.limits),
        "resources": asdict(capability.resources),
        "environment": capability.environment,
    }
    for table, values in tables.items():
        lines += [f"[capability.{table}]", *(_line(key, value) for key, value in values.items())]
    return lines


def _line(key: str, value: object) -> str:
    # A JSON text, number or list of texts is one of TOML too.
    return f"{json.dumps(key)} = {json.dumps(value)}"


def _capability(entry: dict[str, Any], folder: Path) -> Capability:
    return _of(
        Capability,
        {
            **entry,
            "descriptors": (folder / entry["descriptors"]).read_bytes(),
            "command": tuple(entry["command"]),
            "models": tuple(entry.get("models", ())),
            "limits": _of(Limits, entry.get("limits", {})),
            "resources": _of(Resources, entry.get("resources", {})),
        },
    )


def _of(kind: type[Value], values: Mapping[str, object]) -> Value:
    unknown = values.keys() - {field.name for field in fields(kind)}  # type: ignore[arg-type]  # dataclasses, all of them
    if unknown:
        raise ValueError(f"a manifest has no {', '.join(sorted(unknown))}")
    return kind(**values)


def main() -> None:
    """Write the manifests of this environment's plugins into the folder that is named, and print their paths.

    Errors: SystemExit with a sentence for each plugin that cannot be used.
    """
    from atelier_sdk.host import PluginHost

    host = PluginHost()
    host.load()
    capabilities: dict[str, list[Capability]] = {}
    for plugin, capability in host.collect("atelier_capabilities", Capability):
        there = replace(capability, command=capability.command_here)
        capabilities.setdefault(plugin.name, []).append(there)
    wrong = [f"{one.name} {one.version}: {one.detail}" for one in host.statuses() if one.detail]
    if wrong:
        sys.exit("\n".join(wrong))
    for one in host.statuses():
        if brought := capabilities.get(one.name):
            manifest = Manifest(one.name, one.distribution, one.version, one.api, tuple(brought))
            print(write_manifest(manifest, Path(sys.argv[1])))  # noqa: T201 - its answer


if __name__ == "__main__":
    main()
