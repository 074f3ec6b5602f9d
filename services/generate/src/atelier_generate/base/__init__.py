"""`atelier-base`, the portrait generator that comes with the service: statistics, one network and a finish."""

from atelier_generate.base.embedded import EmbeddedBackend

__all__ = ["EmbeddedBackend"]
