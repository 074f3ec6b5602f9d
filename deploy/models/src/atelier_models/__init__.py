"""The model catalogue: pull, convert, verify, write the Triton repository."""
