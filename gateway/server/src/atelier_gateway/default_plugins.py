"""The built-in capabilities, declared by the same hook as everybody else's."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from atelier.v1 import style_pb2  # noqa: F401  importing it registers its descriptors
from atelier_rpc.descriptors import descriptor_set
from atelier_sdk import Capability, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable


@hookimpl
def atelier_capabilities() -> Iterable[Capability]:
    """Register what comes with Atelier."""
    yield Capability(
        name="style",
        service="atelier.v1.StyleService",
        description="Grade, film grain and skin tone.",
        descriptors=descriptor_set("atelier.v1.StyleService"),
        command=(sys.executable, "-m", "atelier_style"),
        models=("face_detector", "face_mesh", "iris", "person_segmenter"),
    )
