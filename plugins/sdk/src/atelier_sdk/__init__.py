"""What a plugin author imports: hooks, types and errors."""

from atelier_sdk.capability import Capability, Limits
from atelier_sdk.errors import AtelierError, FieldViolation
from atelier_sdk.hookspecs import hookimpl

__all__ = ["AtelierError", "Capability", "FieldViolation", "Limits", "hookimpl"]
