"""Bind the contract of every edit to one capability."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atelier_sdk.testing.bench import Bench
from atelier_sdk.testing.contract import EditContract, ServiceContract

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atelier_sdk.capability import Capability
    from atelier_sdk.testing.edit import Edit


def conformance(
    capability: Capability,
    *edits: Edit,
    without: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> type[ServiceContract | EditContract]:
    """Return a class of tests, to be bound to a name that pytest collects, such as `TestContract`.

    The capability's command is started as a process with `environment` on top of the tests' own, or, with
    `pytest --atelier-address HOST:PORT`, the service that runs there is asked. Every RPC that gives back a picture
    needs at least one `Edit`, or stands in `without` with the reason why the kit cannot call it. A capability without
    edits is held to the rules about descriptors, health and draining.
    """
    bench = Bench(capability, edits, environment or {}, without or {})
    return type("Contract", (EditContract if edits else ServiceContract,), {"bench": bench})
