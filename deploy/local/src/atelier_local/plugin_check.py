"""Whether a plugin can be used, point by point."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from atelier_sdk.plugin import PluginState

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from atelier_sdk import Capability
    from atelier_sdk.plugin import PluginStatus

_NEEDS_KIT = "cannot be said without the conformance kit: pip install 'atelier-sdk[testing]'"


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that was looked at. `wrong` says in a sentence what is not well; empty where it is."""

    what: str
    wrong: str = ""


def checks(status: PluginStatus, capabilities: Sequence[Capability]) -> Iterator[Point]:
    """Look at a plugin that a host has loaded, and start each of its capabilities once.

    What a host refuses is not looked at any further.
    """
    loaded = status.state in {PluginState.ACTIVE, PluginState.TROUBLED}
    yield Point("it imports, suits this plugin API, and its names are free", status.detail)
    if not loaded:
        return
    for capability in capabilities:
        yield Point(f"{capability.name}: its descriptors are complete")  # or the host would have refused it
        yield Point(f"{capability.name}: every element of its API is commented", _uncommented(capability))
        program = capability.command_here[0]
        missing = "" if shutil.which(program) else f"{program} is no program"
        yield Point(f"{capability.name}: its command exists", missing)
        if not missing:
            yield Point(f"{capability.name}: its process says that it is well", _unwell(capability))


def _uncommented(capability: Capability) -> str:
    try:
        from atelier_sdk.testing.comments import uncommented
    except ImportError:
        return _NEEDS_KIT
    from google.protobuf.descriptor_pb2 import FileDescriptorSet

    missing = uncommented(FileDescriptorSet.FromString(capability.descriptors), capability.service)
    more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
    return f"no comment stands above {', '.join(missing[:5])}{more}" if missing else ""


def _unwell(capability: Capability) -> str:
    try:
        from atelier_sdk.testing.process import ServiceProcess, StartError
    except ImportError:
        return _NEEDS_KIT
    try:
        ServiceProcess(capability, dict(capability.environment)).close()
    except StartError as error:
        return str(error)
    return ""
