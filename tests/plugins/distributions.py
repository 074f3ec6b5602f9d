"""Plugins that a test writes: real distributions in a folder that is put on the path."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write(folder: Path, name: str, source: str, *, version: str = "1.2.3", api: str = '"1.0"') -> Path:
    """Write the distribution `bad-NAME` with the plugin NAME, a module of this source, and return the module's path."""
    module = f"bad_{name}"
    info = folder / f"{module}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: bad-{name}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[atelier]\n{name} = {module}\n")
    head = f"import time\nfrom atelier_sdk import *\nfrom atelier_sdk import hookimpl\natelier_api = {api}\n"
    path = folder / f"{module}.py"
    path.write_text(head + source)
    return path
