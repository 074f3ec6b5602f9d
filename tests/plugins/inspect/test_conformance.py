"""The critic keeps the contract of every capability."""

from __future__ import annotations

from atelier_inspect.plugin import inspect_capability
from atelier_sdk.testing import conformance

TestContract = conformance(inspect_capability())
