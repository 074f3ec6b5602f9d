"""Rules about what an edit refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atelier_sdk.testing.api import break_every_bound
from atelier_sdk.testing.bench import hold
from atelier_sdk.testing.broken import BROKEN_FILES
from atelier_sdk.testing.calls import Answer, Caller, Refusal, request
from atelier_sdk.testing.portrait import png, portrait
from atelier_sdk.testing.rules import Rules

if TYPE_CHECKING:
    from atelier_sdk.testing.edit import Edit

MAX_DETAILS_BYTES: Final = 4096
LEFT_OUT: Final = ""
"""A violation of no field says how many more there are than the details can hold."""


class Refusing(Rules):
    """A request that is at fault is refused with its reason, and all of them at once."""

    def test_a_broken_file_is_refused_with_its_reason(self, operation: Edit, file: str) -> None:
        """Bytes of no format, a file that cannot be decoded, that ends too soon, of more pixels than are accepted."""
        make, reasons = BROKEN_FILES[file]
        got = Caller(self.bench.channel()).ask(
            self.bench.method(operation), operation.unchanged, make(self.bench.capability.limits)
        )
        self._check_refusal(operation, f"a file {file}", got, reasons)

    def test_every_field_out_of_range_is_named_at_once(self, operation: Edit) -> None:
        """All violations come in one answer, each by its path."""
        method = self.bench.method(operation)
        message = request(method, operation.at(operation.settings[-1]), png(portrait()))
        fields = set(break_every_bound(message))
        hold(
            operation.control in fields,
            f"{operation} has no bounds in its proto file",
            "Annotate it: (buf.validate.field).float = {gte: 0, lte: 1}. Clients and documentation read that.",
        )
        got = Caller(self.bench.channel()).send(method, message)
        self._check_refusal(operation, "fields out of their ranges", got, ("FIELD_OUT_OF_RANGE",))
        named = set(got.fields) if isinstance(got, Refusal) else set()
        hold(
            fields <= named or LEFT_OUT in named,
            f"{operation.rpc} did not name {', '.join(sorted(fields - named))}; it named {', '.join(sorted(named))}",
            "Check all fields, then refuse once with a BadRequest that lists every violation by its path.",
        )

    def _check_refusal(self, edit: Edit, what: str, got: Answer | Refusal, reasons: tuple[str, ...]) -> None:
        said = "an answer" if isinstance(got, Answer) else str(got)
        wanted = f"INVALID_ARGUMENT with reason {' or '.join(reasons)}"
        hold(
            isinstance(got, Refusal) and got.code == "INVALID_ARGUMENT" and got.reasons in [(one,) for one in reasons],
            f"{edit.rpc} met {what} with {said}; expected {wanted}",
            "Send google.rpc.Status with one ErrorInfo; atelier_sdk.errors has a class for each reason.",
        )
        if isinstance(got, Refusal):
            hold(
                got.domains == ("atelier",) and got.details_bytes < MAX_DETAILS_BYTES,
                f"{edit.rpc}: domain {got.domains}, details of {got.details_bytes} bytes",
                f"ErrorInfo.domain is `atelier`, and details stay below {MAX_DETAILS_BYTES} bytes.",
            )
