"""Relighting by an instruction-editing diffusion pipeline, for hosts with a GPU and a checkpoint.

Needs `atelier-edit[diffusion]`. Importing this package does not import PyTorch; only an edit does.
"""
