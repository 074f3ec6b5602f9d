"""GenerateService on loopback: what it streams, what it answers, what it refuses."""

# A backend of the tests has the signatures of a real one and uses little of them.
# ruff: noqa: ARG002

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import skimage.data
from atelier.v1 import generate_pb2, image_pb2
from atelier_client import Report
from atelier_client.again import Record
from atelier_sdk.errors import ModelNotInstalledError, ModelUnusableError
from google.protobuf import json_format

from tests.services.generate.service.serving import models_folder, opened, png, serving, until
from tests.services.generate.service.sketchbook import Networks, Sketchbook

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from atelier_generate.backend import Event, Order
    from atelier_imaging.models import ModelRunner

    from tests.services.generate.service.serving import Running


@pytest.fixture(scope="session")
def models() -> Networks:
    return Networks(models_folder())


@pytest.fixture
async def service(tmp_path: Path, models: Networks) -> AsyncIterator[Running]:
    async with serving(tmp_path, models, Sketchbook()) as running:
        yield running


async def test_steps_and_candidates_come_as_they_are_ready_and_the_result_last(service: Running) -> None:
    events = await service.ask(candidates=2, seed=7)
    kinds = [event.WhichOneof("event") for event in events]
    assert kinds == [*["progress"] * 4, "candidate"] * 2 + ["result"]
    steps = [(event.progress.stage, event.progress.steps_done, event.progress.steps_total) for event in events[:4]]
    assert steps == [("denoise", done, 8) for done in (1, 2, 3, 4)]
    assert [event.candidate.seed for event in events if event.HasField("candidate")] == [7, 8]


async def test_previews_are_small_jpegs_and_come_only_when_asked_for(service: Running) -> None:
    events = await service.ask(candidates=1, seed=7, include_previews=True)
    previews = [event.preview for event in events if event.HasField("preview")]
    assert [preview.candidate_index for preview in previews] == [0] * 4
    shown = opened(previews[0].image)
    assert (shown.format, shown.size) == ("JPEG", (205, 256))


@pytest.mark.parametrize("file_format", [image_pb2.IMAGE_FORMAT_PNG, image_pb2.IMAGE_FORMAT_JPEG])
async def test_each_candidate_is_drawn_again_byte_for_byte_by_its_own_seed(service: Running, file_format: int) -> None:
    output = image_pb2.OutputOptions(format=file_format)  # type: ignore[arg-type]
    events = await service.ask(candidates=4, seed=2**64 - 2, output=output)
    third = next(event.candidate for event in events if event.candidate.index == 2)
    assert third.seed == 0
    assert (await service.result(candidates=1, seed=third.seed, output=output)).image == third.image


async def test_a_record_names_the_models_of_its_own_candidate_so_that_it_is_the_same_alone(
    tmp_path: Path, models: Networks
) -> None:
    async with serving(tmp_path, models, Sketchbook(steps=1, retouched=frozenset({8}))) as service:
        events = await service.ask(candidates=2, seed=8)
        first, second = (event.candidate.image for event in events if event.HasField("candidate"))
        alone = [(await service.result(candidates=1, seed=seed)).image for seed in (8, 9)]
    assert [drawn_by(one) for one in (first, second)] == [["denoiser", "face_detector"], ["denoiser"]]
    assert alone == [first, second]


def drawn_by(image: image_pb2.Image) -> list[str]:
    packet = ET.fromstring(opened(image).info["xmp"])  # noqa: S314 (our own)
    record = json.loads(packet.findtext(".//{urn:atelier:record:1/}record") or "")
    return [model["name"] for model in record["models"]]


async def test_the_record_in_the_report_asks_for_the_result_again_and_is_complete(service: Running) -> None:
    first = await service.result(candidates=3, seed=2**53 + 5)
    record = dict(first.report.parameters)
    generation = generate_pb2.Generation()
    json_format.ParseDict(json_format.MessageToDict(first.report.parameters)["generation"], generation)
    assert (generation.candidates, generation.seed) == (1, 2**53 + 5 + first.ranking[0])
    again = await service.ask(**{field.name: value for field, value in generation.ListFields()})
    assert again[-1].result.image == first.image
    assert {"service_version", "prompt", "negative_prompt", "brief", "chosen", "backend", "models"} <= set(record)
    (model,) = json_format.MessageToDict(first.report.parameters)["models"]
    assert model == {"name": "denoiser", "version": "3", "sha256": "d" * 64, "executor": "fake"}


async def test_the_picture_says_that_it_was_drawn_and_carries_its_record(service: Running) -> None:
    result = await service.result(candidates=1, seed=5)
    packet = ET.fromstring(opened(result.image).info["xmp"])  # noqa: S314 (our own)
    (description,) = packet.iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description")
    kind = description.attrib["{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"]
    assert kind.endswith("/trainedAlgorithmicMedia")
    record = json.loads(packet.findtext(".//{urn:atelier:record:1/}record") or "")
    assert (record["generation"]["seed"], record["backend"]) == ("5", {"name": "sketchbook", "edition": "first"})


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP", "AVIF", "TIFF"])
async def test_a_portrait_of_every_format_carries_the_record_that_draws_it_again(
    service: Running, tmp_path: Path, file_format: str
) -> None:
    output = image_pb2.OutputOptions(format=image_pb2.ImageFormat.Value(f"IMAGE_FORMAT_{file_format}"), quality=80)
    first = await service.result(candidates=2, seed=5, output=output)
    path = tmp_path / "portrait"
    path.write_bytes(first.image.content)
    record = Record.read(path)
    again = {field.name: value for field, value in record.generation().ListFields()}
    second = await service.result(**again, output=record.output())
    assert second.image == first.image
    assert record.differences(Report(second.report)) == ()


async def test_metadata_are_left_out_where_that_is_asked_for(service: Running) -> None:
    result = await service.result(candidates=1, seed=5, output=image_pb2.OutputOptions(strip_metadata=True))
    assert "xmp" not in opened(result.image).info


async def test_a_seed_that_is_left_out_is_drawn_from_the_request_id(service: Running) -> None:
    request_id = "6c2f0f5e-0f1e-4f5c-8f4d-1f1b8b2f1a11"
    first, again = [await service.result(candidates=1, request_id=request_id) for _ in range(2)]
    assert first.image == again.image
    assert (await service.result(candidates=1)).image != first.image


async def test_candidates_without_a_face_come_last(tmp_path: Path, models: Networks) -> None:
    async with serving(tmp_path, models, Sketchbook(faceless=frozenset({10, 11}))) as service:
        result = await service.result(candidates=4, seed=10)
    assert set(result.ranking[:2]) == {2, 3}
    assert list(result.ranking[2:]) == [0, 1]


async def test_a_candidate_above_the_identity_floor_is_answered_and_measured(service: Running) -> None:
    reference = png(np.asarray(skimage.data.astronaut()))
    result = await service.result(candidates=1, seed=1, references=[reference], identity_floor=0.5)
    measure = next(one for one in result.report.measures if one.name == "identity_similarity")
    assert measure.value > 0.5
    assert len(json_format.MessageToDict(result.report.parameters)["references"]) == 1


async def test_an_identity_floor_of_nobody_is_said_to_be_of_no_use(service: Running) -> None:
    result = await service.result(candidates=1, seed=1, identity_floor=0.9)
    assert any("identity floor was not used" in note for note in result.report.notes)


async def test_no_candidate_above_the_identity_floor_is_refused(tmp_path: Path, models: Networks) -> None:
    reference = png(np.asarray(skimage.data.astronaut()))
    async with serving(tmp_path, models, Sketchbook(faceless=frozenset({3}))) as service:
        error = await service.refusal(candidates=1, seed=3, references=[reference], identity_floor=0.5)
    assert (error.reason, error.metadata["floor"]) == ("IDENTITY_BELOW_FLOOR", "0.5")


async def test_every_reference_that_cannot_serve_is_named(service: Running) -> None:
    blank = png(np.full((64, 64, 3), 128, np.uint8))
    error = await service.refusal(candidates=1, references=[blank, png(np.asarray(skimage.data.astronaut())), blank])
    assert error.reason == "NO_FACE"
    assert [one.field for one in error.violations] == ["generation.references[0]", "generation.references[2]"]


async def test_a_profile_without_an_identity_service_is_refused_before_anything_is_drawn(
    service: Running, models: Networks
) -> None:
    before = models.steps
    error = await service.refusal(candidates=1, profile="6c2f0f5e-0f1e-4f5c-8f4d-1f1b8b2f1a11")
    assert (error.reason, error.metadata) == ("HOST_UNSUITABLE", {"variable": "ATELIER_IDENTITY_ADDRESS"})
    assert models.steps == before


async def test_what_is_out_of_range_is_named_all_at_once(service: Running) -> None:
    error = await service.refusal(candidates=9, identity_floor=1.5, profile="somebody")
    fields = {violation.field for violation in error.violations}
    assert fields == {"generation.candidates", "generation.profile", "identity_floor"}


async def test_compose_draws_nothing_and_does_not_wait_for_drawings(service: Running, models: Networks) -> None:
    models.free.clear()
    models.stepped.clear()
    drawing = service.call(candidates=1, seed=1)
    try:
        await until(models.stepped.is_set)
        request = generate_pb2.ComposeRequest(direction=generate_pb2.Direction(mood="calm"))
        assert (await service.stub.Compose(request, timeout=5)).composed.prompt.text
    finally:
        models.free.set()
    assert [event async for event in drawing][-1].HasField("result")


class Missing(Sketchbook):
    """A backend whose network is not there, or not what it should be."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def draw(self, order: Order, models: ModelRunner, check: Callable[[], None]) -> Iterator[Event]:
        raise self.error
        yield

    def canary(self, models: ModelRunner) -> None:
        raise self.error


@pytest.mark.parametrize("kind", [ModelNotInstalledError, ModelUnusableError])
async def test_a_generator_that_is_missing_or_broken_is_named(
    tmp_path: Path, models: Networks, kind: type[ModelNotInstalledError | ModelUnusableError]
) -> None:
    backend = Missing(kind("It is not there.", metadata={"command": "make models"}))
    async with serving(tmp_path, models, backend) as service:
        error = await service.refusal(candidates=1)
        condition = await service.server.ready()
    assert (error.reason, error.metadata["command"]) == (kind.reason, "make models")
    assert condition.well == (kind is ModelNotInstalledError)
