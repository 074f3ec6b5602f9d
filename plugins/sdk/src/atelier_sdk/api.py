"""The version of the plugin API, and which plugins it can serve (docs/plugins/versions.md)."""

from __future__ import annotations

import re
from typing import Final

API_VERSION: Final = (1, 0)
"""Major and minor. A plugin says in its module for which one it was written: `atelier_api = "1.0"`."""

_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)")


def version_text() -> str:
    """Return the version of the plugin API, such as `1.0`."""
    return ".".join(map(str, API_VERSION))


def why_not(asked: object) -> str:
    """Say in a sentence why a plugin that was written for the API `asked` cannot be served; empty where it can.

    Served is the same major version, of the same or an earlier minor one: within a major version nothing is taken away.
    """
    here = f"this Atelier serves the plugin API {version_text()}"
    if asked is None:
        return f'it does not say for which plugin API it was written (`atelier_api = "{version_text()}"`)'
    match = _VERSION.fullmatch(asked) if isinstance(asked, str) else None
    if match is None:
        return f"it was written for the plugin API {asked!r}, which is no version such as {version_text()!r}"
    major, minor = int(match[1]), int(match[2])
    if major != API_VERSION[0]:
        return f"it was written for the plugin API {asked}; {here}"
    return f"it needs the plugin API {asked} or a later one; {here}" if minor > API_VERSION[1] else ""
