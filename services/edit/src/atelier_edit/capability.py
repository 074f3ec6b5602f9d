"""What this process serves."""

from atelier.v1 import edit_pb2  # noqa: F401 (importing it registers its descriptors)
from atelier_rpc.descriptors import descriptor_set
from atelier_sdk.capability import Capability


def edit_capability() -> Capability:
    """Describe the edit capability as the gateway and the local stack know it."""
    return Capability(
        name="edit",
        service="atelier.v1.EditService",
        description="Facial detail and light.",
        descriptors=descriptor_set("atelier.v1.EditService"),
        command=("python", "-m", "atelier_edit"),
        models=("face_detector", "face_mesh", "iris", "person_segmenter"),
    )
