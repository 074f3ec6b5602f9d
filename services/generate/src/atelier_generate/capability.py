"""What this process serves."""

from dataclasses import replace

from atelier_rpc.built_in import built_in
from atelier_sdk.capability import Capability


def generate_capability(at_once: int = 1) -> Capability:
    """Describe the generate capability; `at_once` is how many calls are drawn at once by one process."""
    described = built_in("generate")
    return replace(described, limits=replace(described.limits, max_concurrency=at_once))
