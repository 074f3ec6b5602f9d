"""Which backend draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atelier_generate.settings import DIFFUSERS

if TYPE_CHECKING:
    from atelier_generate.backend import Backend


def open_backend(generator: str) -> Backend:
    """Make the backend of that name; what it needs is imported only where it is the one."""
    if generator == DIFFUSERS:
        from atelier_generate.diffusion import open_diffusers

        return open_diffusers()
    from atelier_generate.base import EmbeddedBackend

    return EmbeddedBackend()
