"""What this process serves."""

from atelier.v1 import style_pb2  # noqa: F401 (importing it registers its descriptors)
from atelier_rpc.descriptors import descriptor_set
from atelier_sdk.capability import Capability


def style_capability() -> Capability:
    """Describe the style capability as the gateway and the local stack know it."""
    return Capability(
        name="style",
        service="atelier.v1.StyleService",
        description="Grade, film grain and skin tone.",
        descriptors=descriptor_set("atelier.v1.StyleService"),
        command=("python", "-m", "atelier_style"),
        models=("face_detector", "face_mesh", "iris", "person_segmenter"),
    )
