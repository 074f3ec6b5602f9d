"""The local stack: Triton, services and gateway on one machine."""
