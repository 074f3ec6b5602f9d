"""The Triton client against a server that speaks its protocol."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import grpc
import numpy as np
import pytest
from atelier_sdk.errors import (
    AtelierError,
    BackendDownError,
    CancelledError,
    DeadlineTooShortError,
    ModelNotInstalledError,
    QueueFullError,
)
from atelier_service.bridge import Bridge
from atelier_service.cancellation import Cancellation
from atelier_service.models.failures import InferenceFailedError
from atelier_service.models.lent import THRESHOLD_BYTES
from atelier_service.models.triton import TritonModels

from tests.services.kit.models.doubler import install
from tests.services.kit.models.fake_triton import FakeTriton, serving
from tests.services.kit.toys import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from numpy.typing import NDArray

LARGE = 3 * THRESHOLD_BYTES // 4 // 2  # a row of half as much again as goes through shared memory
UNKNOWN = (grpc.StatusCode.NOT_FOUND, "Request for unknown model: 'doubler' is not found")
STOPPING = (grpc.StatusCode.UNAVAILABLE, "Server is stopping")


@asynccontextmanager
async def models(tmp_path: Path, port: int, width: int = 2) -> AsyncIterator[TritonModels]:
    client = TritonModels(
        f"127.0.0.1:{port}", install(tmp_path / "models", width=width), Bridge(asyncio.get_running_loop())
    )
    try:
        yield client
    finally:
        await client.close()


async def infer(
    client: TritonModels, x: NDArray[np.float32], *, seconds: float = 10.0, cancellation: Cancellation | None = None
) -> NDArray[np.float32]:
    """Infer as a worker thread does."""
    within = {"cancellation": cancellation or Cancellation(), "deadline": time.monotonic() + seconds}
    answer = await asyncio.to_thread(lambda: client.infer("doubler", {"x": x}, **within))  # type: ignore[arg-type]
    return answer["y"]


def rows(count: int, width: int = 2) -> NDArray[np.float32]:
    return np.arange(count * width, dtype=np.float32).reshape(count, width)


async def test_small_tensors_go_in_the_message(tmp_path: Path) -> None:
    triton = FakeTriton()
    async with serving(triton) as port, models(tmp_path, port) as client:
        np.testing.assert_array_equal(await infer(client, rows(3)), 2 * rows(3))
        assert client.installed("doubler").executor == "triton/onnxruntime"
    assert (len(triton.requests[0].raw_input_contents), triton.regions) == (1, {})


async def test_large_tensors_go_through_shared_memory_and_it_is_given_back(tmp_path: Path) -> None:
    triton = FakeTriton()
    async with serving(triton) as port:
        async with models(tmp_path, port, LARGE) as client:
            for _ in range(3):
                answer = await infer(client, rows(2, LARGE))
                np.testing.assert_array_equal(answer, 2 * rows(2, LARGE))
            assert len(triton.regions) == 2
        assert triton.regions == {}
    assert [len(request.raw_input_contents) for request in triton.requests] == [0, 0, 0]


async def test_an_output_of_free_size_goes_through_shared_memory_once_its_size_is_known(tmp_path: Path) -> None:
    triton = FakeTriton()
    async with serving(triton) as port, models(tmp_path, port, -1) as client:
        for width in (LARGE, LARGE, 2 * LARGE):
            np.testing.assert_array_equal(await infer(client, rows(2, width)), 2 * rows(2, width))
    wanted = [bool(request.outputs[0].parameters["shared_memory_region"].string_param) for request in triton.requests]
    assert wanted == [False, True, True]


async def test_a_restarted_triton_learns_the_memory_anew(tmp_path: Path) -> None:
    triton = FakeTriton()
    async with serving(triton) as port, models(tmp_path, port, LARGE) as client:
        await infer(client, rows(2, LARGE))
        triton.regions.clear()
        np.testing.assert_array_equal(await infer(client, rows(2, LARGE)), 2 * rows(2, LARGE))
        assert len(triton.regions) == 2


async def test_a_triton_that_takes_no_memory_gets_messages(tmp_path: Path) -> None:
    triton = FakeTriton(takes_memory=False)
    async with serving(triton) as port, models(tmp_path, port, LARGE) as client:
        np.testing.assert_array_equal(await infer(client, rows(2, LARGE)), 2 * rows(2, LARGE))
    assert [len(request.raw_input_contents) for request in triton.requests] == [1]


async def test_a_batch_above_tritons_limit_goes_in_parts(tmp_path: Path) -> None:
    triton = FakeTriton(max_batch=4)
    async with serving(triton) as port, models(tmp_path, port) as client:
        np.testing.assert_array_equal(await infer(client, rows(10)), 2 * rows(10))
        await infer(client, rows(5))
    assert [request.inputs[0].shape[0] for request in triton.requests] == [10, 4, 4, 2, 4, 1]


async def test_a_stopping_triton_is_asked_once_more(tmp_path: Path) -> None:
    triton = FakeTriton(failures=[STOPPING])
    async with serving(triton) as port, models(tmp_path, port) as client:
        np.testing.assert_array_equal(await infer(client, rows(1)), 2 * rows(1))
    assert len(triton.requests) == 2


@pytest.mark.parametrize(
    ("failures", "error", "sent"),
    [
        ([STOPPING] * 2, BackendDownError, 2),
        ([(grpc.StatusCode.UNAVAILABLE, "Exceeds maximum queue size")], QueueFullError, 1),
        (
            [(grpc.StatusCode.NOT_FOUND, "Request for unknown model: 'doubler' is not found")] * 2,
            ModelNotInstalledError,
            2,
        ),
        ([(grpc.StatusCode.INTERNAL, "a fault")], InferenceFailedError, 1),
    ],
)
async def test_a_failure_is_ours_and_sent_again_only_where_that_is_safe(
    tmp_path: Path, failures: list[tuple[grpc.StatusCode, str]], error: type[Exception], sent: int
) -> None:
    triton = FakeTriton(failures=failures)
    async with serving(triton) as port, models(tmp_path, port) as client:
        with pytest.raises(error):
            await infer(client, rows(1))
    assert len(triton.requests) == sent


async def test_a_triton_that_is_not_there_is_down_and_found_when_it_comes(tmp_path: Path) -> None:
    async with serving(FakeTriton()) as port:
        pass
    async with models(tmp_path, port) as client:
        with pytest.raises(BackendDownError):
            await infer(client, rows(1))
        async with serving(FakeTriton(), port):
            np.testing.assert_array_equal(await _patiently(client), 2 * rows(1))


async def _patiently(client: TritonModels) -> NDArray[np.float32]:
    for _ in range(100):
        try:
            return await infer(client, rows(1))
        except BackendDownError:
            await asyncio.sleep(0.05)
    raise AssertionError("it is not found again")


async def test_a_cancelled_call_cancels_the_pending_inference(tmp_path: Path) -> None:
    triton, cancellation = FakeTriton(hangs=True), Cancellation()
    gone: AtelierError = CancelledError("The caller cancelled.")
    async with serving(triton) as port, models(tmp_path, port) as client:
        pending = asyncio.ensure_future(infer(client, rows(1), cancellation=cancellation))
        await until(lambda: bool(triton.requests))
        cancellation.cancel(gone)
        with pytest.raises(CancelledError):
            await pending
        await asyncio.wait_for(triton.cancelled.wait(), 60)


async def test_a_deadline_ends_the_pending_inference(tmp_path: Path) -> None:
    triton = FakeTriton(hangs=True)
    async with serving(triton) as port, models(tmp_path, port) as client:
        with pytest.raises(DeadlineTooShortError):
            await infer(client, rows(1), seconds=1.0)
        await asyncio.wait_for(triton.cancelled.wait(), 60)


async def test_deadline_priority_and_timeout_are_passed_on(tmp_path: Path) -> None:
    triton = FakeTriton()
    async with serving(triton) as port, models(tmp_path, port) as client:
        await infer(client, rows(1), seconds=1.0)
        await infer(client, rows(1), seconds=60.0)
    urgent, patient = triton.requests
    assert urgent.parameters["priority"].uint64_param == 1
    assert 0 < urgent.parameters["timeout"].int64_param <= 1_000_000
    assert "priority" not in patient.parameters


async def test_memory_of_services_that_were_killed_is_forgotten(tmp_path: Path) -> None:
    # No process has this number: it is above the highest that Linux gives.
    triton = FakeTriton(regions={"atelier-99999999-abc": "/x", "somebody-else": "/y"})
    async with serving(triton) as port, models(tmp_path, port) as client:
        await client.forget_the_dead()
    assert triton.regions == {"somebody-else": "/y"}
