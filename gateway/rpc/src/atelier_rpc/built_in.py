"""The capabilities that come with Atelier, said once for the gateway, which registers them, and their own processes."""

from __future__ import annotations

import sys
from typing import Final

from atelier.v1 import (  # noqa: F401  importing them registers their descriptors
    edit_pb2,
    expression_pb2,
    generate_pb2,
    identity_pb2,
    style_pb2,
    upscale_pb2,
)
from atelier_sdk.capability import Capability, Limits

from atelier_rpc.descriptors import descriptor_set

# What every operation sees of a portrait before it changes a pixel.
_ANALYSIS: Final = ("face_detector", "face_mesh", "iris", "person_segmenter")
_DEFAULT_LIMITS: Final = Limits()


def built_in(name: str) -> Capability:
    """Describe the capability of a name.

    Errors: StopIteration where there is none.
    """
    return next(capability for capability in built_in_capabilities() if capability.name == name)


def built_in_capabilities() -> tuple[Capability, ...]:
    """Describe all of them."""
    return (
        _capability("style", "Grade, film grain and skin tone."),
        _capability("edit", "Facial detail and light."),
        _capability("expression", "Expression, gaze and head pose."),
        _capability(
            "identity",
            "Identity profiles, comparison, verification, drift and lock.",
            models=("face_encoder", "face_expression", "face_age"),
        ),
        _capability(
            "upscale",
            "Portraits to 2K and 4K.",
            models=(
                *("upscaler_faithful_x2", "upscaler_faithful_x4"),
                *("upscaler_restore_x2", "upscaler_restore_x4"),
            ),
            limits=Limits(max_queue=8, default_deadline_seconds=120.0),
        ),
        _capability(
            "generate",
            "Portraits from a photographer's words.",
            models=("face_encoder", "portrait_denoiser", "portrait_refiner", "upscaler_restore_x4"),
            # One call is drawn at a time. Eight that wait and one more are served within the default deadline, as long
            # as a call takes half a minute at most: the largest takes 14 s here.
            limits=Limits(max_concurrency=1, max_queue=8, default_deadline_seconds=300.0, max_deadline_seconds=1800.0),
        ),
    )


def _capability(
    name: str, description: str, *, models: tuple[str, ...] = (), limits: Limits = _DEFAULT_LIMITS
) -> Capability:
    """Describe one whose service and package bear its name; `models` are those besides the analysis's."""
    service = f"atelier.v1.{name.capitalize()}Service"
    return Capability(
        name=name,
        service=service,
        description=description,
        descriptors=descriptor_set(service),
        command=(sys.executable, "-m", f"atelier_{name}"),
        models=(*_ANALYSIS, *models),
        limits=limits,
    )
