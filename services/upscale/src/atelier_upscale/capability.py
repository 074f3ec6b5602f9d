"""What this process serves."""

from atelier_rpc.built_in import built_in
from atelier_sdk.capability import Capability


def upscale_capability() -> Capability:
    """Describe the upscale capability as the gateway and the local stack know it."""
    return built_in("upscale")
