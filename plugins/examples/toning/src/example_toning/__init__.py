"""Darkroom toning, a capability of Atelier by a third party."""
