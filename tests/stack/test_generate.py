"""Portraits from words through the running stack: the embedded generator behind Triton, many callers, and faults."""

from __future__ import annotations

import io
import os
import re
import signal
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from atelier.v1 import generate_pb2, generate_pb2_grpc, identity_pb2, identity_pb2_grpc
from atelier_client.cli import atelier
from click.testing import CliRunner
from PIL import Image

from tests.stack.calls import Refusal, png
from tests.stack.test_faults import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from atelier_local.stack import Stack
    from numpy.typing import NDArray

    Stub = generate_pb2_grpc.GenerateServiceStub

PAGE = Path(__file__).parents[2] / "docs" / "75-generate.md"
DENOISER = "portrait_denoiser"
WORDS = "a man in his fifties, grey hair, even light, 85mm, plain grey background"


@pytest.fixture(scope="module")
def generator(channel: grpc.Channel) -> Stub:
    return generate_pb2_grpc.GenerateServiceStub(channel)


@pytest.fixture(scope="module")
def profile(channel: grpc.Channel, astronaut: NDArray[np.uint8]) -> Iterator[str]:
    identity = identity_pb2_grpc.IdentityServiceStub(channel)
    request = identity_pb2.CreateProfileRequest(display_name="generate")
    request.references.add(image=png(astronaut))
    made = identity.CreateProfile(request, timeout=60).profile.id
    yield made
    identity.DeleteProfile(identity_pb2.DeleteProfileRequest(id=made), timeout=30)


def request(**fields: Any) -> generate_pb2.GenerateRequest:
    names = generate_pb2.Generation.DESCRIPTOR.fields_by_name
    generation = {name: fields.pop(name) for name in list(fields) if name in names}
    generation.setdefault("direction", generate_pb2.Direction(text=WORDS))
    return generate_pb2.GenerateRequest(generation=generate_pb2.Generation(**generation), **fields)


def drawn(generator: Stub, seconds: float = 900, **fields: Any) -> list[generate_pb2.GenerateResponse]:
    return list(generator.Generate(request(**fields), timeout=seconds))


def result(generator: Stub, **fields: Any) -> generate_pb2.GenerateResult:
    return drawn(generator, **fields)[-1].result


def refused(generator: Stub, **fields: Any) -> Refusal:
    with pytest.raises(grpc.RpcError) as caught:
        drawn(generator, **fields)
    return Refusal(caught.value)


def inferences(stack: Stack) -> int:
    """Read from Triton's metrics how often the denoiser has been run."""
    (triton,) = (process for process in stack.record.processes if process.name == "triton")
    (port,) = re.findall(r"--metrics-port=(\d+)", " ".join(triton.command))
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as metrics:
        text = metrics.read().decode()
    counts = re.findall(rf'^nv_inference_request_success{{model="{DENOISER}".*}} (\d+)', text, re.MULTILINE)
    return sum(map(int, counts))


def test_words_become_portraits_of_the_size_asked_for_and_every_one_has_a_face(generator: Stub) -> None:
    events = drawn(generator, candidates=2, seed=7, include_previews=True)
    candidates = [event.candidate for event in events if event.HasField("candidate")]
    assert [one.index for one in candidates] == [0, 1]
    for candidate in candidates:
        (faces,) = [one.value for one in candidate.measures if one.name == "faces"]
        assert faces == 1
    assert len(events[-1].result.report.faces) == 1
    with Image.open(io.BytesIO(candidates[0].image.content)) as portrait:
        assert portrait.size == (816, 1024)
    previews = [event.preview for event in events if event.HasField("preview")]
    assert {preview.candidate_index for preview in previews} == {0, 1}


def test_the_same_seed_draws_the_same_bytes_alone_and_in_another_process(generator: Stub, stack: Stack) -> None:
    events = drawn(generator, candidates=2, seed=40)
    second = next(event.candidate for event in events if event.candidate.index == 1)
    assert result(generator, candidates=1, seed=second.seed).image == second.image
    stack.restart("generate")
    wait_until(lambda: answers(generator))
    assert result(generator, candidates=1, seed=second.seed).image == second.image


def answers(generator: Stub) -> bool:
    """Whether a call is answered."""
    try:
        return bool(result(generator, candidates=1, seed=1).image.content)
    except grpc.RpcError:
        return False


def test_all_that_is_out_of_range_is_named_at_once(generator: Stub) -> None:
    direction = generate_pb2.Direction(subject=generate_pb2.Subject(age_years=12), text="word " * 10_000)
    refusal = refused(generator, direction=direction, candidates=9, identity_floor=2.0)
    fields = {violation.field for violation in refusal.bad_request.field_violations}
    assert fields == {
        "generation.direction.subject.age_years",
        "generation.direction.text",
        "generation.candidates",
        "identity_floor",
    }


def test_a_preset_that_nobody_knows_is_refused_with_the_nearest_names(generator: Stub) -> None:
    refusal = refused(generator, direction=generate_pb2.Direction(preset="profile-foto"))
    assert refusal.reason == "PRESET_UNKNOWN"
    assert "profile-photo" in refusal.message


def test_a_stranger_is_refused_where_a_person_is_asked_for(generator: Stub, profile: str) -> None:
    refusal = refused(generator, candidates=1, seed=7, profile=profile, identity_floor=0.9)
    assert (refusal.reason, refusal.info.metadata["floor"]) == ("IDENTITY_BELOW_FLOOR", "0.9")


def test_how_like_a_profile_a_candidate_is_stands_in_the_report(generator: Stub, profile: str) -> None:
    answer = result(generator, candidates=1, seed=7, profile=profile)
    (similarity,) = [one for one in answer.report.measures if one.name == "identity_similarity"]
    assert -1 < similarity.value < 0.9


def test_a_profile_that_is_not_there_costs_no_drawing(generator: Stub, stack: Stack) -> None:
    before = inferences(stack)
    refusal = refused(generator, candidates=1, profile="6c2f0f5e-0f1e-4f5c-8f4d-1f1b8b2f1a11")
    assert refusal.reason == "PROFILE_UNKNOWN"
    # The canary may have run meanwhile; a candidate takes ten steps or more.
    assert inferences(stack) - before <= 2


def test_twenty_callers_at_once_have_their_turn_and_those_that_leave_hold_nobody_up(generator: Stub) -> None:
    def one(number: int) -> str:
        """Stay to the end, or leave once the drawing has begun; where there is no room, come back when told to."""
        tenant = (("x-atelier-tenant", f"tenant-{number % 3}"),)
        while True:
            call = generator.Generate(request(candidates=1, seed=number % 2), timeout=900, metadata=tenant)
            try:
                for event in call:
                    if number >= 4 and event.progress.stage == "denoise":
                        call.cancel()
                        return "served"
                return str(event.result.report.output.sha256)
            except grpc.RpcError as error:
                refusal = Refusal(error)
                assert refusal.reason == "QUEUE_FULL"
                time.sleep(refusal.retry.retry_delay.ToTimedelta().total_seconds())

    with ThreadPoolExecutor(20) as callers:
        found = list(callers.map(one, range(20)))
    assert found == [*found[:2] * 2, *["served"] * 16]
    assert len(set(found[:2])) == 2


def test_a_crowd_of_one_tenant_holds_nobody_else_up(generator: Stub) -> None:
    def one(tenant: str) -> float:
        list(generator.Generate(request(candidates=1, seed=1), timeout=900, metadata=(("x-atelier-tenant", tenant),)))
        return time.monotonic()

    with ThreadPoolExecutor(8) as callers:
        crowd = [callers.submit(one, "crowd") for _ in range(7)]
        time.sleep(0.5)
        single = callers.submit(one, "single").result()
    later = [call.result() for call in crowd if call.result() > single]
    # One of the crowd is at work when the other tenant comes, and one more may begin before it.
    assert len(later) >= 4


def test_a_caller_that_goes_stops_the_work_within_one_step(generator: Stub, stack: Stack) -> None:
    call = generator.Generate(request(candidates=8, seed=7), timeout=900)
    for event in call:
        if event.progress.steps_done >= 2:
            break
    call.cancel()
    cancelled = inferences(stack)
    time.sleep(2.0)
    # One inference was under way when the call was cancelled, and a canary may have run.
    assert inferences(stack) - cancelled <= 2


def test_a_process_killed_in_mid_call_is_named_and_the_next_call_works(generator: Stub, stack: Stack) -> None:
    call = generator.Generate(request(candidates=8, seed=7), timeout=900)
    next(iter(call))
    os.kill(stack.pid("generate"), signal.SIGKILL)
    with pytest.raises(grpc.RpcError) as caught:
        list(call)
    assert Refusal(caught.value).reason == "BACKEND_DOWN"
    wait_until(lambda: answers(generator))


def test_the_command_draws_ranks_and_draws_again(stack: Stack, tmp_path: Path) -> None:
    address, out, again = ["--address", stack.address], tmp_path / "out", tmp_path / "again"
    report, sheet = tmp_path / "report.json", tmp_path / "sheet.jpg"
    command = ["generate", WORDS, "-o", str(out), "--candidates", "2", "--seed", "7", "--aspect", "1:1"]
    done = CliRunner().invoke(atelier, [*command, "--report", str(report), "--sheet", str(sheet), *address])
    assert (done.exit_code, sheet.exists()) == (0, True), done.stderr
    (best,) = out.glob("1-seed-*.png")
    done = CliRunner().invoke(atelier, ["generate", "--again", str(report), "-o", str(again), *address])
    assert "byte for byte the same" in done.stderr
    assert (again / best.name).read_bytes() == best.read_bytes()


def test_the_page_s_example_does_what_it_says(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (example,) = [block for block in blocks if "studio.generate(" in block]
    monkeypatch.chdir(tmp_path)
    exec(compile(example.replace("127.0.0.1:8610", stack.address), PAGE.name, "exec"), {})  # noqa: S102
    with Image.open("portrait.png") as portrait:
        assert portrait.size == (816, 1024)
    said = capsys.readouterr().out
    assert "denoise" in said
    assert "realism" in said
