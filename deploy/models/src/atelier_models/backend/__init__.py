"""What Triton runs: these files are copied into every model's version folder of the repository."""
