"""A real portrait through the running stack: values, not just answers."""

from __future__ import annotations

import hashlib
import time
import uuid
from typing import TYPE_CHECKING

import grpc
import numpy as np
import pytest
from atelier.v1 import artifact_pb2, artifact_pb2_grpc, catalog_pb2, catalog_pb2_grpc, image_pb2, report_pb2, style_pb2
from atelier_client import Atelier
from atelier_gateway.plugins import capabilities
from atelier_imaging.decode import decode
from atelier_imaging.portrait import Portrait
from atelier_models import installed
from atelier_models.catalogue import load
from atelier_models.home import default_home
from atelier_models.install import ensure
from atelier_models.progress import Silent
from atelier_models.verification import verify_quickly
from atelier_service.cancellation import Cancellation
from atelier_service.models.in_process import InProcessModels
from atelier_service.models.per_call import CallModels
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.stack.calls import encoded, pixels_of, png

if TYPE_CHECKING:
    from atelier.v1 import style_pb2_grpc
    from atelier_local.stack import Stack
    from numpy.typing import NDArray

GRADE = style_pb2.Grade(preset="golden_warm")
GRAIN = style_pb2.Grain(stock="portra_400")


def test_neutral_parameters_give_the_input_back(
    style: style_pb2_grpc.StyleServiceStub, portrait: image_pb2.Image, astronaut: NDArray[np.uint8]
) -> None:
    request = style_pb2.ApplyRequest(
        image=portrait, grade=style_pb2.Grade(preset="golden_warm", strength=0), grain=style_pb2.Grain(strength=0)
    )
    assert np.array_equal(pixels_of(style.Apply(request, timeout=60).image), astronaut)


def test_a_repeated_call_is_answered_with_the_same_bytes_even_where_a_seed_is_drawn(
    style: style_pb2_grpc.StyleServiceStub, portrait: image_pb2.Image
) -> None:
    request = style_pb2.ApplyRequest(image=portrait, request_id=str(uuid.uuid4()), grade=GRADE, grain=GRAIN)
    first, second = (style.Apply(request, timeout=60) for _ in range(2))
    assert first.image.content == second.image.content


def test_calls_of_their_own_draw_grain_of_their_own(
    style: style_pb2_grpc.StyleServiceStub, portrait: image_pb2.Image
) -> None:
    first, second = (
        style.Apply(style_pb2.ApplyRequest(image=portrait, grade=GRADE, grain=GRAIN), timeout=60) for _ in range(2)
    )
    assert first.image.content != second.image.content


def test_the_models_run_behind_triton_and_agree_with_the_same_models_in_process(
    style: style_pb2_grpc.StyleServiceStub, portrait: image_pb2.Image
) -> None:
    request = style_pb2.GradeRequest(image=portrait, grade=GRADE, include_mesh=True)
    report = style.Grade(request, timeout=60).report
    assert {model.executor.partition("/")[0] for model in report.models} == {"triton"}
    backend = InProcessModels(default_home() / "models")
    models = CallModels(backend, cancellation=Cancellation(), deadline=time.monotonic() + 60)
    (face,) = Portrait(decode(portrait.content), models).faces
    behind = np.array(report.faces[0].mesh, np.float32).reshape(-1, 3)
    # A tenth of a pixel: executors may differ between the two and round differently; a wrong output is off by many.
    assert float(np.abs(behind - face.mesh).max()) < 0.1


def test_the_astronauts_eyes_are_where_they_are(
    style: style_pb2_grpc.StyleServiceStub, portrait: image_pb2.Image
) -> None:
    request = style_pb2.GradeRequest(image=portrait, grade=GRADE, include_mesh=True)
    (face,) = style.Grade(request, timeout=60).report.faces
    mesh = np.array(face.mesh).reshape(-1, 3)
    # Read off the picture at 800 %: the pupils' middles; two pixels are a third of an iris.
    assert mesh[468, :2] == pytest.approx((203.5, 101.0), abs=2)
    assert mesh[473, :2] == pytest.approx((246.5, 103.3), abs=2)


def test_only_skin_moves_when_skin_is_toned(
    style: style_pb2_grpc.StyleServiceStub, portrait: image_pb2.Image, astronaut: NDArray[np.uint8]
) -> None:
    request = style_pb2.SkinToneRequest(image=portrait, skin_tone=style_pb2.SkinTone(warmth=0.8))
    answer = style.SkinTone(request, timeout=60)
    moved = np.abs(pixels_of(answer.image).astype(int) - astronaut).sum(axis=2)
    cheek, suit, background = moved[108:118, 188:208], moved[400:], moved[:60, :120]
    assert cheek.min() > 0
    assert (suit.max(), background.max()) == (0, 0)
    verdicts = {measure.name: measure.verdict for measure in answer.report.measures}
    assert verdicts["outside_mask_difference"] == verdicts["seam"] == report_pb2.VERDICT_PASS


def test_a_large_picture_travels_as_an_artifact_both_ways(stack: Stack) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (1400, 1400, 3), dtype=np.uint8)
    content = encoded(noise)
    assert len(content) > 4 * 1024 * 1024
    with Atelier(stack.address) as client:
        result = client.style.apply(content, grain="tri_x_400", seed=1)
        assert result.to_array().shape == (1400, 1400, 3)
        stored = client.artifacts.put(content, media_type="image/png")
        assert stored.id == f"sha256:{hashlib.sha256(content).hexdigest()}"
        assert client.artifacts.get(stored.id) == content


def test_another_tenants_artifact_is_not_there(channel: grpc.Channel) -> None:
    artifacts = artifact_pb2_grpc.ArtifactServiceStub(channel)
    put = iter([artifact_pb2.PutRequest(chunk=b"mine")])
    stored = artifacts.Put(put, metadata=(("x-atelier-tenant", "one"),), timeout=10).artifact
    with pytest.raises(grpc.RpcError) as caught:
        artifacts.Stat(artifact_pb2.StatRequest(id=stored.id), metadata=(("x-atelier-tenant", "two"),), timeout=10)
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND


def test_the_catalogue_lists_what_is_installed_and_nothing_else(channel: grpc.Channel) -> None:
    catalogue = catalog_pb2_grpc.CatalogServiceStub(channel)
    found = catalogue.ListCapabilities(catalog_pb2.ListCapabilitiesRequest(), timeout=10).capabilities
    assert {capability.name for capability in found} == {capability.name for capability in capabilities()}
    capability = next(capability for capability in found if capability.name == "style")
    assert capability.health == catalog_pb2.HEALTH_READY
    kinds = [preset.kind for preset in capability.presets]
    assert kinds.count("grade") >= 8
    assert kinds.count("stock") >= 6
    assert all(len(model.sha256) == 64 for model in capability.models)


def test_health_is_told_for_each_capability(channel: grpc.Channel) -> None:
    health = health_pb2_grpc.HealthStub(channel)
    for service in ("", "atelier.v1.StyleService"):
        answer = health.Check(health_pb2.HealthCheckRequest(service=service), timeout=10)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_installed_models_are_those_that_were_verified_and_are_not_made_again() -> None:
    before = ensure(default_home(), Silent())
    stamps = {name: place.graph.stat().st_mtime_ns for name, place in before.models.items()}
    again = ensure(default_home(), Silent())
    assert {name: place.graph.stat().st_mtime_ns for name, place in again.models.items()} == stamps
    assert again.repository == before.repository


def test_the_installed_graphs_answer_as_the_original_networks_did() -> None:
    catalogue = load()
    found = {name: installed.find(model, default_home()) for name, model in catalogue.models.items()}
    assert all(found.values())
    verify_quickly(list(catalogue.models.values()), default_home())


def test_a_grey_picture_is_graded_in_colour(style: style_pb2_grpc.StyleServiceStub) -> None:
    ramp = np.tile(np.linspace(0, 255, 256, dtype=np.uint8), (64, 1))
    answer = style.Grade(style_pb2.GradeRequest(image=png(ramp), grade=GRADE), timeout=60)
    graded = pixels_of(answer.image)
    assert graded.shape == (64, 256, 3)
    assert int(graded[32, 128, 0]) > int(graded[32, 128, 2])
