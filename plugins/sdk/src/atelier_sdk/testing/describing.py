"""Rules about what a capability says of itself."""

from __future__ import annotations

import grpc

from atelier_sdk.testing.api import IncompleteError
from atelier_sdk.testing.bench import broken, hold
from atelier_sdk.testing.comments import uncommented
from atelier_sdk.testing.process import SERVING, health
from atelier_sdk.testing.rules import Rules


class Describing(Rules):
    """What a capability says of itself is complete."""

    def test_descriptors_are_complete(self) -> None:
        """The descriptor set holds the service and everything that it imports."""
        try:
            names = [method.name for method in self.bench.api.service.methods]
        except IncompleteError as error:
            broken(
                f"the descriptors of {self.bench.capability.name} are not complete: {error}",
                "Make them with `python -m atelier_sdk.stubs`, or with protoc's --include_imports.",
            )
        hold(bool(names), f"{self.bench.capability.service} has no RPC", "Give the service an RPC.")

    def test_every_element_is_commented(self) -> None:
        """Each service, RPC, message, field, enum and value has a comment."""
        missing = uncommented(self.bench.api.files, self.bench.capability.service)
        hold(
            not missing,
            f"{len(missing)} elements have no comment: {', '.join(missing[:12])}{' …' if len(missing) > 12 else ''}",
            "Write a sentence above each in the proto file, and compile with `python -m atelier_sdk.stubs` "
            "(protoc: --include_source_info), which keeps comments.",
        )

    def test_every_edit_declares_a_control(self) -> None:
        """No RPC that gives back a picture escapes the contract."""
        declared = {*self.bench.without, *(edit.rpc for edit in self.bench.edits)}
        missing = sorted(set(self.bench.api.edits()) - declared)
        hold(
            not missing,
            f"nothing is known of the control of {', '.join(missing)}",
            f'Add to conformance(): Edit("{missing[0] if missing else ""}", neutral={{…}}, control="…").',
        )

    def test_health_says_serving_and_knows_no_other_service(self) -> None:
        """`grpc.health.v1` speaks of the service by its full name."""
        service = self.bench.capability.service
        said = health(self.bench.channel(), service)
        hold(said == SERVING, f"health says {said} for {service}", "Set SERVING once the service can do real work.")
        other = health(self.bench.channel(), "atelier.conformance.NoSuchService")
        hold(
            other is grpc.StatusCode.NOT_FOUND,
            f"health says {other} for a service that does not exist",
            "Answer NOT_FOUND for unknown names, as grpc_health.v1.health.HealthServicer does.",
        )
