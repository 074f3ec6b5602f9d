"""The capabilities that come with Atelier, said once for the gateway, which registers them, and their own processes."""

from __future__ import annotations

import sys

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


def built_in(name: str) -> Capability:
    """Describe the capability of a name.

    Errors: StopIteration where there is none.
    """
    return next(capability for capability in built_in_capabilities() if capability.name == name)


def built_in_capabilities() -> tuple[Capability, ...]:
    """Describe all of them."""
    return (
        Capability(
            name="style",
            service="atelier.v1.StyleService",
            description="Grade, film grain and skin tone.",
            descriptors=descriptor_set("atelier.v1.StyleService"),
            command=(sys.executable, "-m", "atelier_style"),
            models=("face_detector", "face_mesh", "iris", "person_segmenter"),
        ),
        Capability(
            name="edit",
            service="atelier.v1.EditService",
            description="Facial detail and light.",
            descriptors=descriptor_set("atelier.v1.EditService"),
            command=(sys.executable, "-m", "atelier_edit"),
            models=("face_detector", "face_mesh", "iris", "person_segmenter"),
        ),
        Capability(
            name="expression",
            service="atelier.v1.ExpressionService",
            description="Expression, gaze and head pose.",
            descriptors=descriptor_set("atelier.v1.ExpressionService"),
            command=(sys.executable, "-m", "atelier_expression"),
            models=("face_detector", "face_mesh", "iris", "person_segmenter"),
        ),
        Capability(
            name="identity",
            service="atelier.v1.IdentityService",
            description="Identity profiles, comparison, verification, drift and lock.",
            descriptors=descriptor_set("atelier.v1.IdentityService"),
            command=(sys.executable, "-m", "atelier_identity"),
            models=("face_detector", "face_mesh", "iris", "person_segmenter", "face_encoder"),
        ),
        Capability(
            name="upscale",
            service="atelier.v1.UpscaleService",
            description="Portraits to 2K and 4K.",
            descriptors=descriptor_set("atelier.v1.UpscaleService"),
            command=(sys.executable, "-m", "atelier_upscale"),
            models=(
                "face_detector",
                "face_mesh",
                "iris",
                "person_segmenter",
                "upscaler_faithful_x2",
                "upscaler_faithful_x4",
                "upscaler_restore_x2",
                "upscaler_restore_x4",
            ),
            limits=Limits(max_queue=8, default_deadline_seconds=120.0),
        ),
        Capability(
            name="generate",
            service="atelier.v1.GenerateService",
            description="Portraits from a photographer's words.",
            descriptors=descriptor_set("atelier.v1.GenerateService"),
            command=(sys.executable, "-m", "atelier_generate"),
            models=(
                "face_detector",
                "face_mesh",
                "iris",
                "person_segmenter",
                "face_encoder",
                "portrait_denoiser",
                "upscaler_restore_x4",
            ),
            # One process draws one call at a time, which takes seconds.
            limits=Limits(max_concurrency=1, max_queue=32, default_deadline_seconds=300.0, max_deadline_seconds=1800.0),
        ),
    )
