"""Calls against a toy gateway, by the blocking and by the asynchronous client alike."""

from __future__ import annotations

import asyncio
import inspect
import uuid
from typing import TYPE_CHECKING, Any

import grpc
import numpy as np
import pytest
from atelier.v1 import style_pb2
from atelier_client import (
    AsyncAtelier,
    Atelier,
    AtelierCallError,
    DeadlineExceededError,
    Grade,
    Grain,
    InvalidArgumentError,
    NotFoundError,
    Output,
    ResourceExhaustedError,
    RetryPolicy,
    SkinTone,
    UnavailableError,
    UnimplementedError,
    Verdict,
    Violation,
    style,
)
from atelier_client.session import INLINE_LIMIT_BYTES

from tests.gateway.client.toys import MIB, Refusal, ToyGateway

if TYPE_CHECKING:
    from pathlib import Path

    from atelier_client import PictureResult
    from atelier_client.session import Session
    from atelier_client.steps import Steps
    from numpy.typing import NDArray

QUICK = RetryPolicy(first_pause_seconds=0.01)


class Blocking:
    """Calls the blocking client."""

    def __init__(self, address: str) -> None:
        self.address = address

    def call(self, group: str, name: str, *args: Any, **kwargs: Any) -> Any:
        with Atelier(self.address, retry=QUICK, tenant="us") as studio:
            return getattr(getattr(studio, group), name)(*args, **kwargs)

    def perform(self, steps: Any, *args: Any, **kwargs: Any) -> Any:
        with Atelier(self.address, retry=QUICK) as studio:
            return studio.perform(steps, *args, **kwargs)


class Awaiting(Blocking):
    """Calls the asynchronous client."""

    def call(self, group: str, name: str, *args: Any, **kwargs: Any) -> Any:
        async def run() -> Any:
            async with AsyncAtelier(self.address, retry=QUICK, tenant="us") as studio:
                return await getattr(getattr(studio, group), name)(*args, **kwargs)

        return asyncio.run(run())

    def perform(self, steps: Any, *args: Any, **kwargs: Any) -> Any:
        async def run() -> Any:
            async with AsyncAtelier(self.address, retry=QUICK) as studio:
                return await studio.perform(steps, *args, **kwargs)

        return asyncio.run(run())


def warmer(session: Session, image: Path, *, warmth: float) -> Steps[PictureResult]:
    """Stand for an operation that another distribution brings."""
    return (yield from style.skin_tone(session, image, SkinTone(warmth=warmth)))


@pytest.fixture(params=[Blocking, Awaiting])
def client(request: pytest.FixtureRequest, gateway: ToyGateway) -> Blocking:
    client: Blocking = request.param(gateway.address)
    return client


def test_a_picture_comes_back_changed_with_its_report(
    client: Blocking, picture: Path, pixels: NDArray[np.uint8], tmp_path: Path
) -> None:
    result = client.call("style", "apply", picture, grade="kodachrome", grain="tri-x-400", seed=7)
    np.testing.assert_array_equal(result.to_array(), 255 - pixels)
    np.testing.assert_array_equal(np.asarray(result.to_pil()), 255 - pixels)
    assert result.save(tmp_path / "out.png").read_bytes() == result.bytes
    assert result.media_type == "image/png"
    measure = result.report.measures[0]
    assert (measure.name, measure.value, measure.minimum, measure.maximum) == ("texture_ratio", 0.97, 0.9, None)
    assert (measure.verdict, measure.region) == (Verdict.PASS, "skin")
    assert result.report.measures[1].value is None
    assert result.report.milliseconds == {"decode": 5.0}
    assert result.report.to_dict()["models"] == [{"name": "face_mesh", "version": "1", "executor": "toy"}]


def test_parameters_travel_as_they_were_given(client: Blocking, gateway: ToyGateway, picture: Path) -> None:
    client.call(
        "style",
        "apply",
        picture,
        grade=Grade(
            lut=b"LUT_3D_SIZE 2", strength=0.0, protect_skin=0.25, vignette=0.1, method="reinhard", export_lut=True
        ),
        grain=Grain(radius_pixels=0.2, iso=800, channels="rgb"),
        skin_tone=SkinTone(ita_degrees=30, match_lightness=True),
        seed=0,
        face=(12.0, 34.0),
        output=Output(format="webp", quality=80, bit_depth=8, profile="display-p3", strip_metadata=True),
        identity_floor=0.5,
        lower_strength_to_floor=True,
        include_mesh=True,
    )
    (sent,) = gateway.requests
    assert (sent.grade.lut, sent.grade.HasField("strength"), sent.grade.strength) == (b"LUT_3D_SIZE 2", True, 0.0)
    assert sent.grade.match_method == style_pb2.MATCH_METHOD_REINHARD
    assert not sent.grade.HasField("halation")
    assert (sent.grain.HasField("seed"), sent.grain.seed, sent.grain.iso) == (True, 0, 800)
    assert sent.grain.WhichOneof("source") == "parameters"
    assert sent.skin_tone.ita_degrees == 30
    assert (sent.face.at.x, sent.face.at.y) == (12.0, 34.0)
    assert (sent.output.quality, sent.output.bit_depth, sent.output.strip_metadata) == (80, 8, True)
    assert sent.include_mesh
    assert (sent.identity_floor, sent.lower_strength_to_floor) == (0.5, True)


def test_what_was_not_asked_for_is_not_sent(client: Blocking, gateway: ToyGateway, picture: Path) -> None:
    client.call("style", "apply", picture, grade="kodachrome")
    (sent,) = gateway.requests
    assert {field.name for field, _ in sent.ListFields()} == {"request_id", "image", "grade"}
    assert {field.name for field, _ in sent.grade.ListFields()} == {"preset"}


def test_each_operation_has_its_call(client: Blocking, picture: Path, tmp_path: Path) -> None:
    cube = tmp_path / "look.cube"
    cube.write_text("LUT_1D_SIZE 2")
    assert client.call("style", "grade", picture, "kodachrome").report.parameters == {"preset": "kodachrome"}
    assert client.call("style", "grade", picture, Grade(lut=cube)).lut == b"LUT_1D_SIZE 2"
    assert client.call("style", "grain", picture, Grain(stock="x", seed=9)).report.parameters == {"seed": 9.0}
    assert client.call("style", "skin_tone", picture, SkinTone(warmth=0.5)).report.parameters == {"warmth": 0.5}


def test_an_operation_of_another_distribution_is_performed(client: Blocking, picture: Path) -> None:
    assert client.perform(warmer, picture, warmth=0.5).report.parameters == {"warmth": 0.5}


def test_a_large_picture_travels_as_an_artifact_and_back(client: Blocking, gateway: ToyGateway) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (1300, 1300, 3), dtype=np.uint8)  # noise: 5 MB as PNG
    gateway.answers_artifacts = True
    result = client.call("style", "apply", pixels, grade="kodachrome")
    assert gateway.requests[0].image.WhichOneof("source") == "artifact"
    assert len(gateway.stored[gateway.requests[0].image.artifact]) > INLINE_LIMIT_BYTES
    assert max(gateway.chunks) == MIB
    np.testing.assert_array_equal(result.to_array(), 255 - pixels)


def test_references_are_passed_on_and_not_read(client: Blocking, gateway: ToyGateway, picture: Path) -> None:
    stored = client.call("artifacts", "put", picture)
    client.call("style", "apply", stored.id, grade="kodachrome")
    assert gateway.requests[0].image.artifact == stored.id


def test_artifacts_are_stored_described_fetched_and_deleted(client: Blocking, picture: Path) -> None:
    stored = client.call("artifacts", "put", picture)
    assert (stored.media_type, stored.size_bytes) == ("image/png", picture.stat().st_size)
    assert client.call("artifacts", "stat", stored.id).size_bytes == stored.size_bytes
    assert client.call("artifacts", "get", stored.id) == picture.read_bytes()
    assert client.call("artifacts", "delete", stored.id) is None
    with pytest.raises(NotFoundError) as met:
        client.call("artifacts", "get", stored.id)
    assert met.value.reason == "ARTIFACT_EXPIRED"


def test_the_catalogue_is_read(client: Blocking) -> None:
    (style,) = client.call("catalogue", "capabilities")
    assert (style.name, style.health, style.limits["default_deadline_seconds"]) == ("style", "ready", 60.0)
    assert style.preset_names("grade") == ("kodachrome", "bleach-bypass")
    assert client.call("catalogue", "capability", "style") == style
    with pytest.raises(UnimplementedError):
        client.call("catalogue", "capability", "astrology")


def test_a_refusal_carries_all_that_was_said(client: Blocking, gateway: ToyGateway, picture: Path) -> None:
    gateway.refusals = [
        Refusal(grpc.StatusCode.INVALID_ARGUMENT, "FIELD_OUT_OF_RANGE", fields={"grade.strength": "must be at most 1"})
    ]
    with pytest.raises(InvalidArgumentError) as met:
        client.call("style", "apply", picture, grade="kodachrome")
    error = met.value
    assert (error.code, error.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "FIELD_OUT_OF_RANGE")
    assert error.violations == (Violation("grade.strength", "must be at most 1"),)
    assert error.metadata == {"asked": "for it"}
    assert error.request_id == gateway.requests[0].request_id
    assert str(error) == "FIELD_OUT_OF_RANGE: the toy says FIELD_OUT_OF_RANGE"
    assert len(gateway.requests) == 1


def test_unavailable_is_tried_again_under_one_request_id(client: Blocking, gateway: ToyGateway, picture: Path) -> None:
    gateway.refusals = [Refusal(grpc.StatusCode.UNAVAILABLE, "DRAINING") for _ in range(3)]
    client.call("style", "apply", picture, grade="kodachrome")
    assert len(gateway.requests) == 4
    assert len({request.request_id for request in gateway.requests}) == 1
    assert {headers["x-request-id"] for headers in gateway.headers} == {gateway.requests[0].request_id}
    assert {headers["x-atelier-tenant"] for headers in gateway.headers} == {"us"}


def test_retries_end_and_the_last_refusal_is_raised(client: Blocking, gateway: ToyGateway, picture: Path) -> None:
    gateway.refusals = [Refusal(grpc.StatusCode.UNAVAILABLE, "BACKEND_DOWN") for _ in range(9)]
    with pytest.raises(UnavailableError, match="BACKEND_DOWN"):
        client.call("style", "apply", picture, grade="kodachrome")
    assert len(gateway.requests) == QUICK.attempts


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "QUEUE_FULL"),
        (grpc.StatusCode.INTERNAL, "INTERNAL"),
        (grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_TOO_SHORT"),
        (grpc.StatusCode.DATA_LOSS, "UNHEARD_OF"),
    ],
)
def test_nothing_else_is_tried_again(
    client: Blocking, gateway: ToyGateway, picture: Path, code: grpc.StatusCode, reason: str
) -> None:
    gateway.refusals = [Refusal(code, reason, retry_after=0.25)]
    with pytest.raises(AtelierCallError) as met:
        client.call("style", "apply", picture, grade="kodachrome")
    assert (met.value.code, met.value.reason, met.value.retry_after_seconds) == (code, reason, 0.25)
    assert len(gateway.requests) == 1


def test_a_store_that_is_cut_off_is_tried_again(client: Blocking, gateway: ToyGateway, picture: Path) -> None:
    gateway.refusals = [Refusal(grpc.StatusCode.UNAVAILABLE, "DRAINING")]
    stored = client.call("artifacts", "put", picture)
    assert gateway.stored[stored.id] == picture.read_bytes()


def test_the_deadline_reaches_the_gateway(client: Blocking, gateway: ToyGateway, picture: Path) -> None:
    client.call("style", "apply", picture, grade="kodachrome", deadline_seconds=30)
    assert 20 < gateway.remaining_seconds[0] < 31  # gRPC rounds up what it sends


def test_a_deadline_without_end_is_a_long_one(client: Blocking, gateway: ToyGateway, picture: Path) -> None:
    client.call("style", "apply", picture, grade="kodachrome", deadline_seconds=float("inf"))
    assert gateway.remaining_seconds[0] > 24 * 3600


def test_a_format_that_is_not_written_is_refused_by_name(client: Blocking, gateway: ToyGateway, picture: Path) -> None:
    with pytest.raises(ValueError, match="format is one of png, jpeg, webp, avif, tiff, not 'gif'"):
        client.call("style", "apply", picture, grade="kodachrome", output=Output(format="gif"))  # type: ignore[arg-type]
    assert gateway.requests == []


def test_a_pause_beyond_the_deadline_is_not_waited_for(client: Blocking, gateway: ToyGateway, picture: Path) -> None:
    gateway.refusals = [Refusal(grpc.StatusCode.UNAVAILABLE, "DRAINING", retry_after=60.0)]
    with pytest.raises(UnavailableError) as met:
        client.call("style", "apply", picture, grade="kodachrome", deadline_seconds=30)
    assert met.value.retry_after_seconds == 60.0
    assert len(gateway.requests) == 1


def test_a_deadline_that_has_passed_makes_no_call(client: Blocking, gateway: ToyGateway, picture: Path) -> None:
    with pytest.raises(DeadlineExceededError):
        client.call("style", "apply", picture, grade="kodachrome", deadline_seconds=0)
    assert gateway.requests == []


def test_a_request_id_of_ones_own_is_kept(client: Blocking, gateway: ToyGateway, picture: Path) -> None:
    mine = str(uuid.uuid4())
    assert client.call("style", "apply", picture, grade="kodachrome", request_id=mine).report.request_id == mine


def test_a_gateway_that_is_not_there_is_unavailable_without_a_reason(picture: Path) -> None:
    with Atelier("127.0.0.1:1", retry=RetryPolicy(attempts=1)) as studio, pytest.raises(UnavailableError) as met:
        studio.style.apply(picture, grade="kodachrome")
    assert met.value.reason == ""


def test_a_server_that_names_a_time_is_not_asked_sooner() -> None:
    policy = RetryPolicy(first_pause_seconds=0.1, longest_pause_seconds=1.0)
    assert policy.pause_seconds(1, 2.5) == 2.5
    assert all(0.05 <= policy.pause_seconds(1, None) <= 0.1 for _ in range(50))
    assert all(0.5 <= policy.pause_seconds(9, None) <= 1.0 for _ in range(50))


@pytest.mark.parametrize("group", ["style", "catalogue", "artifacts"])
def test_both_clients_offer_the_same_calls_with_the_same_parameters(gateway: ToyGateway, group: str) -> None:
    def shapes(owner: object) -> dict[str, str]:
        calls = inspect.getmembers(getattr(owner, group), inspect.ismethod)
        return {name: str(inspect.signature(call)) for name, call in calls if not name.startswith("_")}

    async def awaiting() -> dict[str, str]:
        async with AsyncAtelier(gateway.address) as studio:
            return shapes(studio)

    with Atelier(gateway.address) as studio:
        assert asyncio.run(awaiting()) == shapes(studio)


async def test_concurrent_calls_of_one_client_do_not_mix(gateway: ToyGateway) -> None:
    async with AsyncAtelier(gateway.address) as studio:
        shades = [np.full((4, 4, 3), shade, np.uint8) for shade in range(0, 250, 10)]
        results = await asyncio.gather(*(studio.style.apply(shade, grade="kodachrome") for shade in shades))
    assert [int(result.to_array()[0, 0, 0]) for result in results] == [255 - shade for shade in range(0, 250, 10)]


def test_the_queue_full_error_is_resource_exhausted(gateway: ToyGateway, studio: Atelier, picture: Path) -> None:
    gateway.refusals = [Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "QUEUE_FULL", retry_after=0.5)]
    with pytest.raises(ResourceExhaustedError):
        studio.style.grade(picture, "kodachrome")
