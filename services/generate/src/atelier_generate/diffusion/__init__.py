"""Drawing with any checkpoint of a diffusion model, for hosts with a GPU.

Needs `atelier-generate[diffusion]`. Importing this package imports no PyTorch; only drawing does.
"""

from atelier_generate.diffusion.backend import DiffusersBackend, open_diffusers

__all__ = ["DiffusersBackend", "open_diffusers"]
