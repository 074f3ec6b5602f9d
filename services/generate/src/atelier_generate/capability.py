"""What this process serves."""

import sys

from atelier.v1 import generate_pb2  # noqa: F401 (importing it registers its descriptors)
from atelier_rpc.descriptors import descriptor_set
from atelier_sdk.capability import Capability, Limits


def generate_capability(at_once: int = 1) -> Capability:
    """Describe the generate capability; `at_once` is how many calls are drawn at once by one process."""
    return Capability(
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
        limits=Limits(
            max_concurrency=at_once, max_queue=32, default_deadline_seconds=300.0, max_deadline_seconds=1800.0
        ),
    )
