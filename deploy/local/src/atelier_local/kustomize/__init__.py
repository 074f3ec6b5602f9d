"""Manifests of a plugin, to be filled in."""
