"""The serving shell of a capability: write functions of (request, call), and `serve` does the rest."""

from atelier_service.call import Call
from atelier_service.servicer import Preset, Servicer
from atelier_service.serving import serve

__all__ = ["Call", "Preset", "Servicer", "serve"]
