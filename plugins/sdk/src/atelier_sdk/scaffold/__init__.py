"""A working plugin to start from: what `atelier plugins new` writes."""

from atelier_sdk.scaffold.skeleton import ScaffoldError, write_skeleton

__all__ = ["ScaffoldError", "write_skeleton"]
