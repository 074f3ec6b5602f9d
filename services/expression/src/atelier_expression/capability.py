"""What this process serves."""

from atelier.v1 import expression_pb2  # noqa: F401 (importing it registers its descriptors)
from atelier_rpc.descriptors import descriptor_set
from atelier_sdk.capability import Capability


def expression_capability() -> Capability:
    """Describe the expression capability as the gateway and the local stack know it."""
    return Capability(
        name="expression",
        service="atelier.v1.ExpressionService",
        description="Expression, gaze and head pose.",
        descriptors=descriptor_set("atelier.v1.ExpressionService"),
        command=("python", "-m", "atelier_expression"),
        models=("face_detector", "face_mesh", "iris", "person_segmenter"),
    )
