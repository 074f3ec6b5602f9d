"""Generate edits no picture; it keeps what every capability keeps."""

from __future__ import annotations

from atelier_generate.capability import generate_capability
from atelier_sdk.testing import conformance

TestContract = conformance(generate_capability())
