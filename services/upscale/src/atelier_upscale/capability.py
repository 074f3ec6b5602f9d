"""What this process serves."""

from atelier.v1 import upscale_pb2  # noqa: F401 (importing it registers its descriptors)
from atelier_rpc.descriptors import descriptor_set
from atelier_sdk.capability import Capability, Limits


def upscale_capability() -> Capability:
    """Describe the upscale capability as the gateway and the local stack know it."""
    return Capability(
        name="upscale",
        service="atelier.v1.UpscaleService",
        description="Portraits to 2K and 4K.",
        descriptors=descriptor_set("atelier.v1.UpscaleService"),
        command=("python", "-m", "atelier_upscale"),
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
    )
