"""The generate capability: portraits from a photographer's words."""
