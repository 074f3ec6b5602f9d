"""What the gateway and the local stack are told. Only the SDK is imported here."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from atelier_sdk import Capability, Limits, Resources, hookimpl
from atelier_sdk.capability import MIB

if TYPE_CHECKING:
    from collections.abc import Iterable

atelier_api = "1.0"


def capability() -> Capability:
    """Describe the capability; its command is this environment's own Python."""
    return Capability(
        name="toning",
        service="example_toning.v1.ToningService",
        description="Darkroom toning: selenium, sepia, cyanotype, palladium, gold.",
        descriptors=Path(__file__).with_name("v1").joinpath("toning.binpb").read_bytes(),
        command=(sys.executable, "-m", "example_toning"),
        limits=Limits(max_pixels=24_000_000, max_concurrency=2, max_queue=8),
        resources=Resources(memory_bytes=1536 * MIB, cpus=1.0),
    )


@hookimpl
def atelier_capabilities() -> Iterable[Capability]:
    """Register toning."""
    yield capability()
