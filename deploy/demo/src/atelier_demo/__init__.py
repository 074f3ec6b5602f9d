"""The demo: a real portrait through the running stack."""
