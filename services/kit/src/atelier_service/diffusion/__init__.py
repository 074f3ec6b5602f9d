"""What services share that run a diffusion pipeline in their own process: families, checkpoints, loading, memory.

Needs `atelier-service[diffusion]`. Importing this package imports no PyTorch; only loading does.
"""
