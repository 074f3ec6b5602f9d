"""What the gateway, the local stack and other services are told. Only the SDK is imported here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from atelier_sdk import Capability, Limits, MeasureSource, Reading, Resources, hookimpl
from atelier_sdk.capability import MIB

if TYPE_CHECKING:
    from collections.abc import Iterable

    from atelier_sdk import View

atelier_api = "1.0"


def inspect_capability() -> Capability:
    """Describe the critic as the gateway and the local stack know it."""
    return Capability(
        name="inspect",
        service="atelier_inspect.v1.InspectService",
        description="The realism critic: what looks real about a portrait and what does not.",
        descriptors=Path(__file__).with_name("v1").joinpath("inspect.binpb").read_bytes(),
        command=("python", "-m", "atelier_inspect"),
        models=("face_detector", "face_mesh", "iris", "person_segmenter", "face_expression", "face_age"),
        limits=Limits(),
        resources=Resources(memory_bytes=2048 * MIB, cpus=1.0),
    )


@hookimpl
def atelier_capabilities() -> Iterable[Capability]:
    """Register the critic's service."""
    yield inspect_capability()


@hookimpl
def atelier_measures() -> Iterable[MeasureSource]:
    """Let every service measure how real its results look."""
    yield MeasureSource("realism", "How real a face looks, 0 to 1, by what real portraits measure.", _realism)
    yield MeasureSource("critique", "Every measure of the realism critic, one by one.", _critique)


def _realism(view: View) -> Iterable[Reading]:
    from atelier_inspect.readings import realism

    return realism(view)


def _critique(view: View) -> Iterable[Reading]:
    from atelier_inspect.readings import findings

    return findings(view)
