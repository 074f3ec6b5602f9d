"""Bind the contract of every edit to one capability."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atelier_sdk.testing.bench import Bench
from atelier_sdk.testing.contract import Contract

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atelier_sdk.capability import Capability
    from atelier_sdk.testing.edit import Edit


def conformance(capability: Capability, *edits: Edit, environment: Mapping[str, str] | None = None) -> type[Contract]:
    """Return a class of tests, to be bound to a name that pytest collects, such as `TestContract`.

    The capability's command is started as a process with `environment` on top of the tests' own, or, with
    `pytest --atelier-address HOST:PORT`, the service that runs there is asked. Every RPC that gives back a picture
    needs at least one `Edit`; a capability without any is held to the rules about descriptors, health and draining.
    """
    return type("Contract", (Contract,), {"bench": Bench(capability, edits, environment or {})})
