"""The contract of every edit, put together of its rules.

The rules are those of docs/plugins/conformance.md, in its order: pytest runs tests of a base before those of a class
that has it, and of several bases the last first. A failure says what was seen and what to do.
"""

from __future__ import annotations

from atelier_sdk.testing.describing import Describing
from atelier_sdk.testing.draining import Draining
from atelier_sdk.testing.editing import Editing
from atelier_sdk.testing.refusing import Refusing
from atelier_sdk.testing.stopping import Stopping


class ServiceContract(Draining, Describing):
    """What every capability keeps."""


class EditContract(Draining, Stopping, Refusing, Editing, Describing):
    """What every capability with edits keeps."""
