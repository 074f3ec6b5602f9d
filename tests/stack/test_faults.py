"""Deadlines, cancellation and killed processes: nothing hangs, nothing is lost, the next call works."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING

import grpc
import pytest
from atelier.v1 import catalog_pb2, catalog_pb2_grpc, image_pb2, style_pb2

from tests.stack.calls import Refusal, encoded, pixels_of, refused

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from atelier.v1 import style_pb2_grpc
    from atelier_local.stack import Stack
    from numpy.typing import NDArray

WARMER = style_pb2.SkinTone(warmth=0.5)


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Poll a condition until it holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the condition did not come true in time"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def slow(astronaut: NDArray[np.uint8]) -> style_pb2.ApplyRequest:
    """A call of some seconds: everything, on 16 megapixels."""
    large = astronaut.repeat(8, axis=0).repeat(8, axis=1)
    image = image_pb2.Image(content=encoded(large, "JPEG", quality=60))
    return style_pb2.ApplyRequest(
        image=image,
        skin_tone=WARMER,
        grade=style_pb2.Grade(preset="golden_warm", halation=0.5),
        grain=style_pb2.Grain(stock="tri_x_400", seed=1),
        output=image_pb2.OutputOptions(format=image_pb2.IMAGE_FORMAT_JPEG, quality=60),
    )


def answers(style: style_pb2_grpc.StyleServiceStub, portrait: image_pb2.Image) -> bool:
    """Whether a call that needs a face, and so the models, is answered."""
    try:
        answer = style.SkinTone(style_pb2.SkinToneRequest(image=portrait, skin_tone=WARMER), timeout=30)
    except grpc.RpcError:
        return False
    return pixels_of(answer.image).shape == (512, 512, 3)


def test_a_deadline_already_past_is_refused(style: style_pb2_grpc.StyleServiceStub, portrait: image_pb2.Image) -> None:
    request = style_pb2.SkinToneRequest(image=portrait, skin_tone=WARMER)
    refusal = refused(style.SkinTone, request, timeout=0.001)
    assert refusal.code == grpc.StatusCode.DEADLINE_EXCEEDED
    assert answers(style, portrait)


def test_a_cancelled_call_ends_at_once_and_frees_its_place(
    style: style_pb2_grpc.StyleServiceStub,
    channel: grpc.Channel,
    portrait: image_pb2.Image,
    slow: style_pb2.ApplyRequest,
) -> None:
    calls = [style.Apply.future(slow, timeout=120) for _ in range(3)]
    time.sleep(0.5)
    for call in calls:
        call.cancel()
    assert [call.code() for call in calls] == [grpc.StatusCode.CANCELLED] * 3
    catalogue = catalog_pb2_grpc.CatalogServiceStub(channel)

    def is_ready() -> bool:
        answer = catalogue.GetCapability(catalog_pb2.GetCapabilityRequest(name="style"), timeout=10)
        return answer.capability.health == catalog_pb2.HEALTH_READY

    wait_until(is_ready)
    assert answers(style, portrait)


def killed_in_mid_call(
    style: style_pb2_grpc.StyleServiceStub, request: style_pb2.ApplyRequest, pid: int
) -> list[Refusal | style_pb2.ApplyResponse]:
    """Send calls without a pause, kill a process among them, and give back what became of each."""
    outcomes: list[Refusal | style_pb2.ApplyResponse] = []

    def send() -> None:
        try:
            outcomes.append(style.Apply(request, timeout=60))
        except grpc.RpcError as error:
            outcomes.append(Refusal(error))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    os.kill(pid, signal.SIGKILL)
    for thread in threads:
        thread.join(timeout=90)
    assert not any(thread.is_alive() for thread in threads), "a call hangs"
    return outcomes


@pytest.mark.parametrize("victim", ["triton", "style"])
def test_a_process_killed_in_mid_call_is_reported_and_comes_back(
    stack: Stack,
    style: style_pb2_grpc.StyleServiceStub,
    portrait: image_pb2.Image,
    slow: style_pb2.ApplyRequest,
    victim: str,
) -> None:
    outcomes = killed_in_mid_call(style, slow, stack.pid(victim))
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Refusal)]
    assert len(outcomes) == 4
    assert {(refusal.code, refusal.reason) for refusal in refusals} <= {
        (grpc.StatusCode.UNAVAILABLE, "BACKEND_DOWN"),
        (grpc.StatusCode.UNAVAILABLE, "DRAINING"),
    }
    wait_until(lambda: answers(style, portrait), seconds=120)


def test_the_gateway_killed_comes_back(
    stack: Stack, style: style_pb2_grpc.StyleServiceStub, portrait: image_pb2.Image
) -> None:
    killed = stack.pid("gateway")
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: answers(style, portrait), seconds=60)
    assert stack.pid("gateway") != killed
