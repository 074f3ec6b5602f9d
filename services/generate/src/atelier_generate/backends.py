"""Which backend draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atelier_generate.settings import DIFFUSERS, TRITON

if TYPE_CHECKING:
    from atelier_generate.backend import Backend


def open_backend(generator: str) -> Backend:
    """Make the backend of that name; what it needs is imported only where it is the one."""
    if generator == DIFFUSERS:
        from atelier_generate.diffusion import open_diffusers

        return open_diffusers()
    if generator == TRITON:
        from atelier_generate.loop import open_triton

        return open_triton()
    from atelier_generate.base import EmbeddedBackend

    return EmbeddedBackend()
