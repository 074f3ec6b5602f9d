"""The gateway: routing, admission, catalogue, artifacts."""
