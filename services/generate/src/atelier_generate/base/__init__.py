"""`atelier-base`, the portrait generator that comes with the service: statistics, two networks and a finish."""

from atelier_generate.base.embedded import EmbeddedBackend

__all__ = ["EmbeddedBackend"]
