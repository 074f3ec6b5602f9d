"""What the gateway and the local stack are told. Only the SDK is imported here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from atelier_sdk import Capability, Limits, Resources, hookimpl
from atelier_sdk.capability import MIB

if TYPE_CHECKING:
    from collections.abc import Iterable

atelier_api = "1.0"


def lens_capability() -> Capability:
    """Describe the lens as the gateway and the local stack know it."""
    return Capability(
        name="lens",
        service="atelier_lens.v1.LensService",
        description="Depth of field, background, perspective, distortion and vignette.",
        descriptors=Path(__file__).with_name("v1").joinpath("lens.binpb").read_bytes(),
        command=("python", "-m", "atelier_lens"),
        models=("face_detector", "face_mesh", "iris", "person_segmenter"),
        limits=Limits(max_pixels=36_000_000),
        resources=Resources(memory_bytes=6144 * MIB, cpus=2.0),
    )


@hookimpl
def atelier_capabilities() -> Iterable[Capability]:
    """Register the lens."""
    yield lens_capability()
