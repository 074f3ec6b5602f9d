"""Files that no edit can work on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atelier_sdk.testing.portrait import header_of_a_giant, jpeg, png, portrait

if TYPE_CHECKING:
    from collections.abc import Callable

BROKEN_FILES: Final[dict[str, tuple[Callable[[], bytes], tuple[str, ...]]]] = {
    "of no format": (lambda: b"this is no picture" * 64, ("UNSUPPORTED_FORMAT",)),
    "undecodable": (lambda: png(portrait())[:60] + bytes(512), ("IMAGE_UNDECODABLE", "IMAGE_TRUNCATED")),
    "truncated": (lambda: jpeg(portrait())[:9000], ("IMAGE_TRUNCATED",)),
    "too large": (header_of_a_giant, ("IMAGE_TOO_LARGE",)),
}
"""By what is wrong with it: what makes the file, and the reasons that are right."""
