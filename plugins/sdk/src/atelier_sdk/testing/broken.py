"""Files that no edit can work on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atelier_sdk.testing.portrait import header_beyond, jpeg, png, portrait

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_sdk.capability import Limits

BROKEN_FILES: Final[dict[str, tuple[Callable[[Limits], bytes], tuple[str, ...]]]] = {
    "of no format": (lambda _: b"this is no picture" * 64, ("UNSUPPORTED_FORMAT",)),
    "undecodable": (lambda _: png(portrait())[:60] + bytes(512), ("IMAGE_UNDECODABLE", "IMAGE_TRUNCATED")),
    "truncated": (lambda _: jpeg(portrait())[:9000], ("IMAGE_TRUNCATED",)),
    "too large": (lambda limits: header_beyond(limits.max_pixels), ("IMAGE_TOO_LARGE",)),
}
"""By what is wrong with it: what makes the file for a capability of such limits, and the reasons that are right."""
