"""What runs a capability's models: Triton, this process, or a fake."""
