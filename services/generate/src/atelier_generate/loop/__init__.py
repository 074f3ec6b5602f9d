"""Drawing with a checkpoint that runs inside Triton, as the decoupled model `diffusion_loop`.

    service ──order──> Triton ──> model.py: Studio ──about, step, preview, candidate──> service

`wire` says what goes between the two, `model` is Triton's side, `easel` the service's. Importing this package imports
no PyTorch.
"""

from atelier_generate.loop.easel import TritonBackend, open_triton

__all__ = ["TritonBackend", "open_triton"]
