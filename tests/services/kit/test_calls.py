"""One call through a real server: answers, refusals, reports, deadlines, cancellation."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import grpc
import pytest
from atelier.v1 import catalog_pb2, catalog_pb2_grpc, image_pb2, style_pb2
from atelier_sdk.errors import (
    AtelierError,
    DeadlineTooShortError,
    DrainingError,
    FieldOutOfRangeError,
    MessageMalformedError,
    ModelNotInstalledError,
    NoFaceError,
    QueueFullError,
)
from atelier_service.models.fake import FakeModels

from tests.services.kit.toys import PIXEL, SECRET, Toy, capability, double, refusal, request, running, until

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from pathlib import Path

UUID = "6f1d7b0e-5a3c-4f0e-9f5d-0d3f3a0f2b11"


async def test_a_call_is_answered_with_its_picture_and_a_report(tmp_path: Path) -> None:
    async with running(Toy(), tmp_path) as toy:
        answer = await toy.style.Grade(request("model", request_id=UUID))
    report = answer.report
    assert (answer.image.content, report.request_id, report.operation) == (PIXEL, UUID, "toy.grade")
    assert (report.service_version, list(report.notes)) == ("9.9.9", [f"{len(PIXEL)} bytes"])
    assert [(use.name, use.executor) for use in report.models] == [("doubler", "fake")]
    assert [timing.stage for timing in report.timings] == ["load", "operate"]


async def test_an_integer_that_a_double_cannot_hold_stands_as_text(tmp_path: Path) -> None:
    async with running(Toy(), tmp_path) as toy:
        answer = await toy.style.Grade(request())
    assert answer.report.parameters["seed"] == str(2**60)


async def test_a_call_without_an_identifier_gets_the_gateways(tmp_path: Path) -> None:
    async with running(Toy(), tmp_path) as toy:
        answer = await toy.style.Grade(request(), metadata=(("x-request-id", "from the gateway"),))
        drawn = await toy.style.Grade(request())
    assert answer.report.request_id == "from the gateway"
    assert len(drawn.report.request_id) == 36


async def test_an_error_carries_code_reason_and_metadata(tmp_path: Path) -> None:
    async with running(Toy(), tmp_path) as toy:
        error = await refusal(toy.style.Grade(request("no face")))
    assert (type(error), error.message, error.metadata) == (NoFaceError, "No face was found.", {"faces": "0"})


async def test_all_violations_are_named_at_once(tmp_path: Path) -> None:
    wrong = style_pb2.GradeRequest(
        request_id="x",
        grade=style_pb2.Grade(strength=float("nan"), vignette=2),
        output=image_pb2.OutputOptions(quality=0),
    )
    async with running(Toy(), tmp_path) as toy:
        error = await refusal(toy.style.Grade(wrong))
    assert isinstance(error, FieldOutOfRangeError)
    fields = {violation.field for violation in error.violations}
    assert fields == {"request_id", "image", "grade.strength", "grade.vignette", "output.quality"}


async def test_an_empty_picture_is_refused_as_a_field(tmp_path: Path) -> None:
    async with running(Toy(), tmp_path) as toy:
        error = await refusal(toy.style.Grade(request(content=b"")))
    assert (type(error), [violation.field for violation in error.violations]) == (FieldOutOfRangeError, ["content"])


async def test_bytes_that_are_no_message_are_refused_as_malformed(tmp_path: Path) -> None:
    async with running(Toy(), tmp_path) as toy:
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]
        call = toy.channel.unary_unary("/atelier.v1.StyleService/Grade")
        error = await refusal(call(b"\xff\xff\xff\xff"))
    assert isinstance(error, MessageMalformedError)


async def test_a_missing_model_is_refused_with_the_command_that_installs_it(tmp_path: Path) -> None:
    async with running(Toy(), tmp_path, backend=FakeModels({})) as toy:
        error = await refusal(toy.style.Grade(request("model")))
    assert (type(error), error.metadata["command"]) == (ModelNotInstalledError, "atelier models convert doubler")


async def test_nothing_of_an_unexpected_error_leaves_the_house(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(Toy(), tmp_path) as toy:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await toy.style.Grade(request("crash"))
    error = caught.value
    told = f"{error.details()} {error.trailing_metadata()} {error.initial_metadata()}"
    assert (error.code(), SECRET in told, "ValueError" in told) == (grpc.StatusCode.INTERNAL, False, False)
    (record,) = [record for record in caplog.records if record.getMessage() == "unexpected error"]
    assert record.atelier_fields["error_id"] in str(error.details())  # type: ignore[attr-defined]


async def test_a_full_queue_refuses_with_a_time_to_come_back(tmp_path: Path) -> None:
    toy = Toy()
    async with running(toy, tmp_path, declared=capability(max_concurrency=1, max_queue=1)) as at:
        calls = [asyncio.ensure_future(at.style.Grade(request("wait"))) for _ in range(2)]
        await until(lambda: at.server.admission.waiting == 1)
        error = await refusal(at.style.Grade(request()))
        toy.released.set()
        await asyncio.gather(*calls)
    assert isinstance(error, QueueFullError)
    assert error.retry_after_seconds is not None
    assert error.retry_after_seconds > 0


async def test_a_busy_capability_says_so_and_is_still_well(tmp_path: Path) -> None:
    toy = Toy()
    async with running(toy, tmp_path, declared=capability(max_concurrency=1)) as at:
        await at.server.ready()
        describe = catalog_pb2_grpc.CapabilityServiceStub(at.channel).Describe
        idle = (await describe(catalog_pb2.DescribeRequest())).capability
        call = asyncio.ensure_future(at.style.Grade(request("wait")))
        await until(toy.started.is_set)
        busy = (await describe(catalog_pb2.DescribeRequest())).capability
        toy.released.set()
        await call
    assert (idle.health, busy.health) == (catalog_pb2.HEALTH_READY, catalog_pb2.HEALTH_BUSY)


async def test_a_description_has_limits_models_presets_and_version(tmp_path: Path) -> None:
    async with running(Toy(), tmp_path, declared=capability(max_queue=5, default_deadline_seconds=2.5)) as at:
        describe = catalog_pb2_grpc.CapabilityServiceStub(at.channel).Describe
        told = (await describe(catalog_pb2.DescribeRequest())).capability
    assert (told.name, told.service, told.version) == ("toy", "atelier.v1.StyleService", "9.9.9")
    assert (told.limits.max_queue, told.limits.default_deadline.ToMilliseconds()) == (5, 2500)
    assert [(model.name, model.executor) for model in told.models] == [("doubler", "fake"), ("absent", "")]
    assert [(preset.kind, preset.name) for preset in told.presets] == [("grade", "echo")]


@pytest.mark.parametrize(
    ("asked", "least", "most"), [(None, 6.0, 7.0), (1000.0, 19.0, 20.0), (3.0, 1.0, 3.0)], ids=["none", "long", "short"]
)
async def test_a_deadline_is_the_callers_or_the_default_and_never_above_the_limit(
    tmp_path: Path, asked: float | None, least: float, most: float
) -> None:
    limits = capability(default_deadline_seconds=7.0, max_deadline_seconds=20.0)
    grain = style_pb2.GrainRequest(image=image_pb2.Image(content=PIXEL), grain=style_pb2.Grain())
    async with running(Toy(), tmp_path, declared=limits) as at:
        answer = await at.style.Grain(grain, timeout=asked)
    seconds = answer.report.parameters["seconds"]
    assert isinstance(seconds, float)
    assert least < seconds <= most


async def test_a_cancelled_call_stops_its_work_and_frees_its_place(tmp_path: Path) -> None:
    toy = Toy()
    async with running(toy, tmp_path, declared=capability(max_concurrency=1)) as at:
        call = at.style.Grade(request("wait"))
        await at.channel.channel_ready()
        sending = asyncio.ensure_future(_outcome(call))
        await until(toy.started.is_set)
        call.cancel()
        assert await sending == "CANCELLED"
        await until(lambda: not at.server.admission.busy)
        assert toy.stopped == ["CancelledError"]
        assert (await at.style.Grade(request())).image.content == PIXEL


async def _outcome(call: Awaitable[object]) -> str:
    try:
        await call
    except asyncio.CancelledError:
        return "CANCELLED"
    return "OK"


async def test_a_deadline_that_passes_stops_the_work(tmp_path: Path) -> None:
    toy = Toy()
    async with running(toy, tmp_path) as at:
        error = await refusal(at.style.Grade(request("wait"), timeout=1.0))
        await until(lambda: bool(toy.stopped))
    assert (type(error), toy.stopped) == (DeadlineTooShortError, ["DeadlineTooShortError"])


async def test_the_services_own_limit_stops_the_work_with_our_error(tmp_path: Path) -> None:
    toy = Toy()
    async with running(toy, tmp_path, declared=capability(max_deadline_seconds=0.5)) as at:
        error = await refusal(at.style.Grade(request("wait"), timeout=30))
        await until(lambda: bool(toy.stopped))
    assert (error.reason, error.message) == (
        "DEADLINE_TOO_SHORT",
        "The deadline passed while the call was worked on.",
    )


async def test_a_place_is_taken_until_its_worker_has_really_stopped(tmp_path: Path) -> None:
    toy = Toy()
    async with running(toy, tmp_path, declared=capability(max_concurrency=1)) as at:
        await refusal(at.style.Grade(request("stubborn"), timeout=1.0))
        assert at.server.admission.busy
        toy.released.set()
        await until(lambda: not at.server.admission.busy)


async def test_draining_finishes_running_calls_and_refuses_new_ones(tmp_path: Path) -> None:
    toy = Toy()
    async with running(toy, tmp_path) as at:
        call = asyncio.ensure_future(at.style.Grade(request("wait")))
        await until(toy.started.is_set)
        draining = asyncio.ensure_future(at.server.drain(10))
        await until(lambda: at.server.admission.draining)
        error = await refusal(at.style.Grade(request()))
        toy.released.set()
        answer = await call
        await draining
    assert (type(error), answer.image.content) == (DrainingError, PIXEL)


async def test_a_call_that_outlasts_the_grace_is_cancelled(tmp_path: Path) -> None:
    toy, models = Toy(), FakeModels({"doubler": double})
    async with running(toy, tmp_path, backend=models) as at:
        call = asyncio.ensure_future(refusal(at.style.Grade(request("wait"))))
        await until(toy.started.is_set)
        await at.server.drain(0.1)
        error = await call
        await until(lambda: bool(toy.stopped))
    assert (error.status, toy.stopped, models.closed) == ("UNAVAILABLE", ["CancelledError"], True)


async def test_a_tenant_that_is_no_name_is_refused(tmp_path: Path) -> None:
    async with running(Toy(), tmp_path) as at:
        error = await refusal(at.style.Grade(request(), metadata=(("x-atelier-tenant", "../etc"),)))
    assert isinstance(error, FieldOutOfRangeError)


async def test_no_log_line_holds_a_picture(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    picture = bytes(range(256)) * 8
    caplog.set_level(logging.DEBUG, logger="atelier_rpc")
    caplog.set_level(logging.DEBUG, logger="atelier_service")
    async with running(Toy(), tmp_path) as at:
        for preset in ("echo", "crash", "no face"):
            await asyncio.gather(at.style.Grade(request(preset, content=picture)), return_exceptions=True)
    assert len([record for record in caplog.records if record.getMessage() == "call"]) == 3
    written = "\n".join(_line(record) for record in caplog.records)
    assert repr(picture[200:210])[2:-1] not in written


def _line(record: logging.LogRecord) -> str:
    from atelier_rpc.logs import JsonFormatter

    return JsonFormatter("toy").format(record)


def test_an_error_of_the_toy_is_one_of_the_tree() -> None:
    assert issubclass(NoFaceError, AtelierError)
