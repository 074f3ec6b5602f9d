"""Identity keeps what of the contract does not need a person to be enrolled first."""

from __future__ import annotations

from atelier_identity.capability import identity_capability
from atelier_sdk.testing import conformance

TestContract = conformance(
    identity_capability(), without={"Lock": "needs a profile; test_servicer.py holds it to the rules of an edit"}
)
