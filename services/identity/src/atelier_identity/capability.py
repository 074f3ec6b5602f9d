"""What this process serves."""

from atelier.v1 import identity_pb2  # noqa: F401 (importing it registers its descriptors)
from atelier_rpc.descriptors import descriptor_set
from atelier_sdk.capability import Capability


def identity_capability() -> Capability:
    """Describe the identity capability as the gateway and the local stack know it."""
    return Capability(
        name="identity",
        service="atelier.v1.IdentityService",
        description="Identity profiles, comparison, verification, drift and lock.",
        descriptors=descriptor_set("atelier.v1.IdentityService"),
        command=("python", "-m", "atelier_identity"),
        models=("face_detector", "face_mesh", "iris", "person_segmenter", "face_encoder"),
    )
