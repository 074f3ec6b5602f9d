"""The contract of every edit, a test a rule. `conformance` binds it to a capability.

The rules are those of docs/plugins/conformance.md, in its order. A failure says what was seen and what to do.
"""

from __future__ import annotations

import time
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Final

import grpc
import numpy as np
import pytest
from PIL import Image

from atelier_sdk.testing.api import IncompleteError, break_every_bound
from atelier_sdk.testing.bench import broken, hold
from atelier_sdk.testing.calls import Answer, Caller, Refusal, request
from atelier_sdk.testing.comments import uncommented
from atelier_sdk.testing.portrait import header_of_a_giant, jpeg, pixels, png, portrait
from atelier_sdk.testing.process import NOT_SERVING, SERVING, HealthWatch, health
from atelier_sdk.testing.shift import global_shift

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from atelier_sdk.testing.bench import Bench, Load
    from atelier_sdk.testing.calls import Pending
    from atelier_sdk.testing.edit import Edit

MAX_SHIFT_PIXELS: Final = 0.5
MAX_DETAILS_BYTES: Final = 4096
STOPPED_SHARE: Final = 0.8
"""A call that is stopped early may cost this much of a whole one: work stops between stages, and stages are coarse."""
EARLY: Final = 0.15
"""When a call is stopped, as a share of the time that it usually takes."""
BEGUN_SHARE: Final = 0.05
"""Who used less had not begun, and shows nothing."""
ATTEMPTS: Final = 3
TOO_QUICK_SECONDS: Final = 0.15

MODES: Final = ("RGB", "L", "RGBA")
BROKEN_FILES: Final[dict[str, tuple[Callable[[], bytes], tuple[str, ...]]]] = {
    "of no format": (lambda: b"this is no picture" * 64, ("UNSUPPORTED_FORMAT",)),
    "undecodable": (lambda: png(portrait())[:60] + bytes(512), ("IMAGE_UNDECODABLE", "IMAGE_TRUNCATED")),
    "truncated": (lambda: jpeg(portrait())[:9000], ("IMAGE_TRUNCATED",)),
    "too large": (header_of_a_giant, ("IMAGE_TOO_LARGE",)),
}


class Contract:
    """The contract; `bench` holds the capability."""

    bench: ClassVar[Bench]

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Give each test its edits, and those about files or work one edit an RPC."""
        names, bench = metafunc.fixturenames, self.bench
        if "edit" in names:
            metafunc.parametrize("edit", bench.edits, ids=str)
        if "operation" in names:
            first = {each.rpc: each for each in reversed(bench.edits)}
            metafunc.parametrize("operation", [first[name] for name in sorted(first)], ids=lambda each: each.rpc)
        if "mode" in names:
            metafunc.parametrize("mode", MODES)
        if "file" in names:
            metafunc.parametrize("file", list(BROKEN_FILES))

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _at_an_address(cls, pytestconfig: pytest.Config) -> Any:
        """Ask the service at `--atelier-address`, if there is one; end what was started."""
        cls.bench.address = pytestconfig.getoption("--atelier-address") or ""
        yield
        cls.bench.close()

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
        missing = sorted(set(self.bench.api.edits()) - {edit.rpc for edit in self.bench.edits})
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

    def test_neutral_changes_nothing(self, edit: Edit, mode: str) -> None:
        """With neutral parameters the result equals the source, pixel for pixel, in colour, grey and with alpha."""
        source = png(portrait(mode))
        got = self.bench.ask(edit, edit.unchanged, source)
        changed = _changed(pixels(source), got.pixels)
        hold(
            changed == 0,
            f"{edit} with {dict(edit.neutral)} changed {changed:.2%} of the pixels of a portrait of mode {mode}",
            "Hand out the source's own pixels where nothing is asked; do not take them through a round trip.",
        )

    def test_nothing_outside_the_mask_moves(self, edit: Edit) -> None:
        """At full effect the declared rectangles are the source's own, and the picture lies where it lay."""
        source, got = pixels(png(portrait())), self.bench.answer(edit, edit.settings[-1]).pixels
        for box in edit.untouched:
            changed = _changed(box.of(source), box.of(got))
            hold(
                changed == 0,
                f"{edit} changed {changed:.2%} of {box}, which is outside of its mask",
                "Composite through the mask, and hand out the source's pixels where it is 0.",
            )
        if edit.keeps_frame:
            shift = global_shift(source, _at_size_of(source, got))
            hold(
                shift <= MAX_SHIFT_PIXELS,
                f"{edit} moved the whole picture by {shift:.2f} px (at most {MAX_SHIFT_PIXELS})",
                "Look for a crop or a resize that is half a pixel off; `keeps_frame=False` if it is meant.",
            )

    def test_the_control_grows(self, edit: Edit) -> None:
        """Each of five settings has more effect than the one before."""
        source = pixels(png(portrait()))
        effects = [edit.effect(source, self.bench.answer(edit, setting).pixels) for setting in edit.settings]
        rises = [after > before for before, after in pairwise(effects)]
        seen = ", ".join(f"{setting:g}: {effect:.4g}" for setting, effect in zip(edit.settings, effects, strict=True))
        hold(
            all(rises),
            f"the effect of {edit} does not grow with each setting ({seen})",
            "Make the control monotone; if its effect is not a mean difference, say with `effect` what measures it.",
        )

    def test_the_report_is_true(self, edit: Edit) -> None:
        """It names the operation, both pictures as they are, and measures with a value or a reason."""
        answer = self.bench.answer(edit, edit.settings[-1])
        report, output = answer.report, answer.report.get("output", {})
        hold(bool(report.get("operation")), f"{edit}: the report names no operation", "Fill Report.operation.")
        hold(
            output.get("sha256") == answer.sha256 and report.get("input", {}).get("width") == portrait().width,
            f"{edit}: the report speaks of other pictures: in {report.get('input')}, out {output}",
            "Fill Report.input and Report.output with size and SHA-256 of the encoded files.",
        )
        hold(bool(report.get("parameters")), f"{edit}: no parameters are reported", "Report the effective parameters.")
        for measure in report.get("measures", []):
            self._check_measure(edit, measure)

    def test_two_processes_give_the_same_bytes(self, edit: Edit) -> None:
        """Same input, same request: same file and same report, whoever answers."""
        self._needs_processes()
        setting = edit.settings[-1]
        here, there = self.bench.answer(edit, setting), self._elsewhere(edit, setting)
        hold(
            here.content == there.content,
            f"two processes gave different files for {edit} = {setting:g} ({here.sha256[:12]}, {there.sha256[:12]})",
            "Draw chance from the request (seed, request_id), fix thread counts of sums, write no time into files.",
        )
        hold(
            here.lasting == there.lasting,
            f"two processes gave different reports for {edit}: {_differences(here.lasting, there.lasting)}",
            "Nothing but Report.timings may depend on when or where a call is answered.",
        )

    def test_a_broken_file_is_refused_with_its_reason(self, operation: Edit, file: str) -> None:
        """Bytes of no format, a file that cannot be decoded, that ends too soon, that is a giant."""
        make, reasons = BROKEN_FILES[file]
        got = Caller(self.bench.channel()).ask(self.bench.method(operation), operation.unchanged, make())
        self._check_refusal(operation, f"a file {file}", got, reasons)

    def test_every_field_out_of_range_is_named_at_once(self, operation: Edit) -> None:
        """All violations come in one answer, each by its path."""
        method = self.bench.method(operation)
        message = request(method, operation.at(operation.settings[-1]), png(portrait()))
        fields = set(break_every_bound(message))
        hold(
            operation.control in fields or not operation.settings,
            f"{operation} has no bounds in its proto file",
            "Annotate it: (buf.validate.field).float = {gte: 0, lte: 1}. Clients and documentation read that.",
        )
        got = Caller(self.bench.channel()).send(method, message)
        self._check_refusal(operation, "fields out of their ranges", got, ("FIELD_OUT_OF_RANGE",))
        named = set(got.fields) if isinstance(got, Refusal) else set()
        hold(
            fields <= named or "violations_left_out" in str(got),
            f"{operation.rpc} did not name {', '.join(sorted(fields - named))}; it named {', '.join(sorted(named))}",
            "Check all fields, then refuse once with a BadRequest that lists every violation by its path.",
        )

    def test_cancelling_stops_the_work(self, operation: Edit) -> None:
        """A call that nobody waits for costs less than a whole one, and its slot is free again."""
        load = self._long_enough(operation)

        process, method = self.bench.process(), self.bench.method(operation)

        def cancel(share: float) -> bool:
            pending = Caller(process.channel).begin(method, load.message)
            process.wait_for_cpu(share * load.cpu_seconds, at_most_seconds=load.wall_seconds)
            pending.cancel()
            return False

        self._check_stopped(operation, load, cancel, "Ask between stages whether the call is still wanted.")

    def test_a_deadline_ends_the_work(self, operation: Edit) -> None:
        """A call whose deadline cannot suffice is refused, or ends in time with its work."""
        load = self._long_enough(operation)
        caller, method = Caller(self.bench.channel()), self.bench.method(operation)
        ends: list[str] = []

        def wait(share: float) -> bool:
            got = caller.send(method, load.message, share * load.wall_seconds)
            ends.append(got.code if isinstance(got, Refusal) else "an answer")
            return isinstance(got, Refusal) and bool(got.reasons)

        self._check_stopped(operation, load, wait, "Stop at the deadline, or refuse what usually takes longer.")
        hold(
            set(ends) == {"DEADLINE_EXCEEDED"},
            f"{operation.rpc}, with a deadline of {EARLY * load.wall_seconds:.2f} s, ended with {', '.join(ends)}",
            "End with DEADLINE_EXCEEDED.",
        )

    def test_sigterm_drains(self) -> None:
        """Health turns to NOT_SERVING, the running call ends well, a new one is sent away, the exit code is 0."""
        self._needs_processes()
        process, service = self.bench.second_process(), self.bench.capability.service
        watch = HealthWatch(process.channel, service)
        running = self._begun(process.channel) if self.bench.edits else None
        process.terminate()
        if running is not None:
            self._check_ends_well(running)
        code = process.ended()
        hold(
            code == 0,
            f"after SIGTERM the process {'did not end' if code is None else f'ended with {code}'}",
            f"Finish what runs, then exit with 0. The end of its log:\n{process.end_of_log()}",
        )
        seen = watch.end()
        hold(
            seen[:1] == [SERVING] and NOT_SERVING in seen,
            f"while draining, health went through {seen} (1 is SERVING, 2 NOT_SERVING)",
            "Set NOT_SERVING for the service as soon as SIGTERM comes.",
        )

    def _check_measure(self, edit: Edit, measure: dict[str, Any]) -> None:
        name, verdict = measure.get("name", "(no name)"), measure.get("verdict", "VERDICT_UNSPECIFIED")
        hold(
            ("value" in measure) == (verdict != "VERDICT_NOT_MEASURABLE") and bool(measure.get("explanation")),
            f"{edit}: the measure {name} is {measure}",
            "Give a value and a sentence; what cannot be measured has NOT_MEASURABLE, no value, and says why.",
        )
        hold(
            not (name == "outside_mask_difference" and verdict == "VERDICT_FAIL"),
            f"{edit}: the report itself says that pixels outside of the mask changed ({measure})",
            "Composite through the mask, and hand out the source's pixels where it is 0.",
        )

    def _elsewhere(self, edit: Edit, setting: float) -> Answer:
        caller = Caller(self.bench.second_process().channel)
        return self.bench.ask(edit, edit.at(setting), png(portrait()), caller)

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

    def _long_enough(self, edit: Edit) -> Load:
        self._needs_processes()
        load = self.bench.load(edit)
        if min(load.wall_seconds, load.cpu_seconds) < TOO_QUICK_SECONDS:
            pytest.skip(f"{edit.rpc} is over in {load.wall_seconds:.2f} s: too soon to see whether it can be stopped")
        return load

    def _check_stopped(self, edit: Edit, load: Load, work: Callable[[float], bool], advice: str) -> None:
        """Hold that a call that is stopped early, and had begun, saves work, and that the next call is served.

        `work` calls, stops after a share of a whole call, and says whether the service refused the call by itself. On a
        busy machine it may be stopped before it has begun, or late; then another share is tried.
        """
        share, costs = EARLY, list[float]()
        for _ in range(ATTEMPTS):
            cost, refused = self.bench.process().spent(partial(work, share))
            costs.append(cost / load.cpu_seconds)
            if refused or BEGUN_SHARE <= costs[-1] <= STOPPED_SHARE:
                break
            share *= 0.5 if costs[-1] > STOPPED_SHARE else 1.6
        seen = ", ".join(f"{cost:.0%}" for cost in costs)
        hold(
            costs[-1] <= STOPPED_SHARE,
            f"{edit.rpc} was to stop early and used {seen} of the processor time of a whole call "
            f"({load.cpu_seconds:.2f} s)",
            advice,
        )
        self.bench.ask(edit, edit.unchanged, png(portrait()))

    def _begun(self, channel: grpc.Channel) -> Pending:
        """Begin the longest call, and wait until it is surely worked on."""
        edit = self.bench.edits[0]
        load = self.bench.load(edit)
        pending = Caller(channel).begin(self.bench.method(edit), load.message)
        time.sleep(0.1 + EARLY * load.wall_seconds)
        return pending

    def _check_ends_well(self, running: Pending) -> None:
        try:
            running.result()
        except grpc.RpcError as error:
            broken(
                f"the call that ran when SIGTERM came ended with {error.code().name}: {error.details()}",
                "Let running calls finish before the server stops (grpc: server.stop(grace)).",
            )

    def _needs_processes(self) -> None:
        if self.bench.address:
            pytest.skip("a service at an address is not ours to start, to measure or to stop")


def _changed(source: NDArray[np.uint8], result: NDArray[np.uint8]) -> float:
    """Return the share of pixels that differ; 1 where sizes do."""
    return float((source != result).any(axis=2).mean()) if source.shape == result.shape else 1.0


def _at_size_of(source: NDArray[np.uint8], result: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if source.shape == result.shape:
        return result
    size = (source.shape[1], source.shape[0])
    return np.asarray(Image.fromarray(result).resize(size, Image.Resampling.BOX))


def _differences(here: dict[str, Any], there: dict[str, Any]) -> str:
    return "; ".join(
        f"{name}: {here.get(name)} and {there.get(name)}" for name in here if here[name] != there.get(name)
    )
