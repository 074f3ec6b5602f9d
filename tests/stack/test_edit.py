"""Facial detail and light by the running stack: values of a real portrait, and everything that can be wrong."""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING

import cv2
import grpc
import numpy as np
import pytest
from atelier.v1 import (
    catalog_pb2,
    catalog_pb2_grpc,
    edit_pb2,
    edit_pb2_grpc,
    face_pb2,
    image_pb2,
    light_pb2,
    report_pb2,
)
from atelier_client import Atelier, Enhancement, Lamp, LightRig, Verdict
from google.protobuf import json_format

from tests.stack.calls import encoded, pixels_of, png, refused
from tests.stack.sitters import SITTERS, two
from tests.stack.turned import turned_head

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atelier_local.stack import Stack
    from numpy.typing import NDArray

REMBRANDT = edit_pb2.Relighting(pattern="rembrandt")
DEFAULT = edit_pb2.Enhancement()
NOTHING = edit_pb2.Enhancement(skin_detail=0, smart_grain=0)
WALL = np.tile(np.linspace(60, 180, 512, dtype=np.uint8)[:, None, None], (1, 512, 3))


@pytest.fixture(scope="module")
def edit(channel: grpc.Channel) -> edit_pb2_grpc.EditServiceStub:
    return edit_pb2_grpc.EditServiceStub(channel)


@pytest.fixture(autouse=True)
def _the_next_call_works(edit: edit_pb2_grpc.EditServiceStub, portrait: image_pb2.Image) -> Iterator[None]:
    yield
    answer = edit.Enhance(edit_pb2.EnhanceRequest(image=portrait, enhancement=NOTHING), timeout=60)
    assert pixels_of(answer.image).shape == (512, 512, 3)


def enhanced(
    edit: edit_pb2_grpc.EditServiceStub, image: image_pb2.Image, enhancement: edit_pb2.Enhancement = DEFAULT
) -> edit_pb2.EnhanceResponse:
    return edit.Enhance(edit_pb2.EnhanceRequest(image=image, enhancement=enhancement), timeout=120)


def relit(
    edit: edit_pb2_grpc.EditServiceStub, image: image_pb2.Image, relighting: edit_pb2.Relighting = REMBRANDT
) -> edit_pb2.RelightResponse:
    return edit.Relight(edit_pb2.RelightRequest(image=image, relighting=relighting), timeout=120)


def failed(report: report_pb2.Report) -> list[str]:
    return [f"{one.name} {one.value:.3f}" for one in report.measures if one.verdict == report_pb2.VERDICT_FAIL]


def test_the_catalogue_lists_every_pattern_and_mood(channel: grpc.Channel) -> None:
    stub = catalog_pb2_grpc.CatalogServiceStub(channel)
    names: set[str] = set()
    deadline = time.monotonic() + 60
    # A gateway that has just started asks its services one after the other.
    while not names and time.monotonic() < deadline:
        found = stub.GetCapability(catalog_pb2.GetCapabilityRequest(name="edit"), timeout=30)
        names = {preset.name for preset in found.capability.presets}
        time.sleep(0.1)
    patterns = {"rembrandt", "loop", "butterfly", "split", "broad", "short", "clamshell", "rim", "window", "flat"}
    assert patterns | {"studio-softbox", "golden-hour", "overcast"} <= names
    assert {"studio", "soft-beauty", "cool-cinematic", "warm-portrait", "matte", "natural", "dewy"} <= names


def test_neutral_parameters_give_the_input_back(
    edit: edit_pb2_grpc.EditServiceStub, portrait: image_pb2.Image, astronaut: NDArray[np.uint8]
) -> None:
    assert np.array_equal(pixels_of(enhanced(edit, portrait, NOTHING).image), astronaut)
    none = edit_pb2.Relighting(pattern="rembrandt", strength=0)
    assert np.array_equal(pixels_of(relit(edit, portrait, none).image), astronaut)
    assert np.array_equal(pixels_of(relit(edit, portrait, edit_pb2.Relighting()).image), astronaut)


def test_enhancing_by_default_passes_every_gate_and_shows(
    edit: edit_pb2_grpc.EditServiceStub, portrait: image_pb2.Image, astronaut: NDArray[np.uint8]
) -> None:
    answer = enhanced(edit, portrait)
    verdicts = {one.verdict for one in answer.report.measures}
    assert report_pb2.VERDICT_FAIL not in verdicts
    assert report_pb2.VERDICT_WARN not in verdicts
    similarity = next(one.value for one in answer.report.measures if one.name == "identity_similarity")
    assert similarity > 0.9
    # Her skin is a fortieth of the picture.
    assert (pixels_of(answer.image) != astronaut).any(axis=2).mean() > 0.01


@pytest.mark.parametrize("pattern", ["rembrandt", "butterfly", "split", "window", "golden-hour", "rim", "flat"])
def test_a_pattern_is_found_back_in_the_result(
    edit: edit_pb2_grpc.EditServiceStub, portrait: image_pb2.Image, pattern: str
) -> None:
    answer = relit(edit, portrait, edit_pb2.Relighting(pattern=pattern))
    assert failed(answer.report) == []
    parameters = json_format.MessageToDict(answer.report.parameters)
    assert {"source", "target"} <= set(parameters)


def test_source_and_target_light_stand_in_the_report_as_rigs(
    edit: edit_pb2_grpc.EditServiceStub, portrait: image_pb2.Image
) -> None:
    parameters = json_format.MessageToDict(relit(edit, portrait).report.parameters)
    for name in ("source", "target"):
        rig = {
            key: value for key, value in parameters[name].items() if key in light_pb2.LightRig.DESCRIPTOR.fields_by_name
        }
        assert json_format.ParseDict(rig, light_pb2.LightRig()).HasField("key")


def test_the_key_stands_on_the_side_that_is_asked_for(
    edit: edit_pb2_grpc.EditServiceStub, portrait: image_pb2.Image, astronaut: NDArray[np.uint8]
) -> None:
    brighter = {}
    for side in (light_pb2.LIGHT_SIDE_LEFT, light_pb2.LIGHT_SIDE_RIGHT):
        after = pixels_of(relit(edit, portrait, edit_pb2.Relighting(pattern="split", side=side)).image).astype(int)
        # Cheeks of the astronaut; the subject's left is the picture's right.
        brighter[side] = after[120:150, 236:256].mean() - after[120:150, 188:208].mean()
    assert brighter[light_pb2.LIGHT_SIDE_LEFT] > 10 > -10 > brighter[light_pb2.LIGHT_SIDE_RIGHT]


def test_strength_is_monotone(
    edit: edit_pb2_grpc.EditServiceStub, portrait: image_pb2.Image, astronaut: NDArray[np.uint8]
) -> None:
    changes = []
    for strength in (0.2, 0.4, 0.6, 0.8, 1.0):
        after = pixels_of(relit(edit, portrait, edit_pb2.Relighting(pattern="split", strength=strength)).image)
        changes.append(float(np.abs(after.astype(int) - astronaut).mean()))
    assert changes == sorted(set(changes))


def test_a_rig_and_a_reference_light_a_portrait_too(
    edit: edit_pb2_grpc.EditServiceStub, portrait: image_pb2.Image
) -> None:
    rig = light_pb2.LightRig(key=light_pb2.Lamp(azimuth_degrees=60, elevation_degrees=20), ratio=5)
    first = relit(edit, portrait, edit_pb2.Relighting(rig=rig))
    assert failed(first.report) == []
    reference = edit_pb2.Relighting(reference=first.image)
    second = relit(edit, portrait, reference)
    asked = json_format.MessageToDict(second.report.parameters)["target"]["key"]["azimuth_degrees"]
    # The reference's light is estimated from its picture.
    assert asked == pytest.approx(60, abs=12)


def test_a_repeated_call_is_answered_with_the_same_bytes(
    edit: edit_pb2_grpc.EditServiceStub, portrait: image_pb2.Image
) -> None:
    for _ in range(2):
        ask = edit_pb2.Enhancement(skin_detail=70, eyes=40, smart_grain=40)
        assert len({enhanced(edit, portrait, ask).image.content for _ in range(2)}) == 1
    identifier = str(uuid.uuid4())
    request = edit_pb2.RelightRequest(image=portrait, relighting=REMBRANDT, request_id=identifier)
    assert len({edit.Relight(request, timeout=60).image.content for _ in range(2)}) == 1


@pytest.mark.parametrize("sitter", SITTERS)
def test_every_sitter_is_enhanced_without_a_gate_that_fails(
    edit: edit_pb2_grpc.EditServiceStub, astronaut: NDArray[np.uint8], sitter: str
) -> None:
    source = SITTERS[sitter](astronaut)
    answer = enhanced(edit, png(source), edit_pb2.Enhancement(skin_detail=100, eyes=50, hair=50))
    assert failed(answer.report) == []
    assert pixels_of(answer.image).shape == source.shape


@pytest.mark.parametrize("sitter", SITTERS)
def test_every_sitter_is_lit_anew(
    edit: edit_pb2_grpc.EditServiceStub, astronaut: NDArray[np.uint8], sitter: str
) -> None:
    source = SITTERS[sitter](astronaut)
    answer = relit(edit, png(source))
    after = pixels_of(answer.image)
    assert after.shape == source.shape
    assert (after != source).mean() > 0.05
    moved = next(one for one in answer.report.measures if one.name == "global_shift")
    assert moved.verdict in (report_pb2.VERDICT_PASS, report_pb2.VERDICT_NOT_MEASURABLE)


def test_a_black_and_white_photograph_stays_black_and_white(
    edit: edit_pb2_grpc.EditServiceStub, astronaut: NDArray[np.uint8]
) -> None:
    answer = relit(edit, png(SITTERS["black and white"](astronaut)), edit_pb2.Relighting(pattern="golden-hour"))
    assert pixels_of(answer.image).ndim == 2


def test_of_two_people_only_the_chosen_one_is_enhanced(
    edit: edit_pb2_grpc.EditServiceStub, astronaut: NDArray[np.uint8]
) -> None:
    group = two(astronaut)
    request = edit_pb2.EnhanceRequest(
        image=png(group), enhancement=edit_pb2.Enhancement(skin_detail=100), face=face_pb2.FaceSelector(index=1)
    )
    answer = edit.Enhance(request, timeout=60)
    changed = (pixels_of(answer.image) != group).any(axis=2)
    assert [face.selected for face in answer.report.faces] == [False, True]
    assert changed[:, 330:].any()
    assert not changed[:, :320].any()


def test_of_two_people_only_the_chosen_one_is_lit(
    edit: edit_pb2_grpc.EditServiceStub, astronaut: NDArray[np.uint8]
) -> None:
    group = two(astronaut)
    request = edit_pb2.RelightRequest(
        image=png(group),
        relighting=edit_pb2.Relighting(pattern="split", background_falloff=0),
        face=face_pb2.FaceSelector(index=0),
    )
    change = np.abs(pixels_of(edit.Relight(request, timeout=60).image).astype(int) - group).mean(axis=2)
    # Faces, well inside.
    assert change[90:170, 130:190].mean() > 8 * change[130:180, 405:440].mean()


@pytest.mark.parametrize("call", ["Enhance", "Relight"])
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("text", "UNSUPPORTED_FORMAT"),
        ("truncated", "IMAGE_TRUNCATED"),
        ("no face", "NO_FACE"),
        ("small face", "FACE_TOO_SMALL"),
        ("profile", "POSE_TOO_EXTREME"),
        ("never stored", "ARTIFACT_EXPIRED"),
        ("a face that is not there", "FACE_NOT_SELECTED"),
    ],
)
def test_what_cannot_be_edited_is_refused_with_its_reason(
    edit: edit_pb2_grpc.EditServiceStub,
    astronaut: NDArray[np.uint8],
    portrait: image_pb2.Image,
    call: str,
    name: str,
    reason: str,
) -> None:
    request: edit_pb2.EnhanceRequest | edit_pb2.RelightRequest = (
        edit_pb2.EnhanceRequest(enhancement=DEFAULT)
        if call == "Enhance"
        else edit_pb2.RelightRequest(relighting=REMBRANDT)
    )
    if name == "profile":
        seen = edit.Enhance(edit_pb2.EnhanceRequest(image=portrait, enhancement=NOTHING, include_mesh=True), timeout=60)
        mesh = np.array(seen.report.faces[0].mesh, np.float32).reshape(-1, 3)[:468]
        request.image.CopyFrom(png(turned_head(astronaut, mesh, -70)))
    else:
        request.image.CopyFrom(_image(name, astronaut))
    if name == "a face that is not there":
        request.face.index = 5
    refusal = refused(getattr(edit, call), request)
    assert refusal.reason == reason
    if reason in ("FACE_TOO_SMALL", "POSE_TOO_EXTREME"):
        assert {"limit", "measured"} <= set(refusal.info.metadata)


def test_a_reference_without_a_face_is_named_as_the_culprit(
    edit: edit_pb2_grpc.EditServiceStub, portrait: image_pb2.Image
) -> None:
    request = edit_pb2.RelightRequest(image=portrait, relighting=edit_pb2.Relighting(reference=png(WALL)))
    refusal = refused(edit.Relight, request)
    assert (refusal.reason, refusal.fields) == ("NO_FACE", ["relighting.reference"])


def test_an_unknown_pattern_is_refused_with_the_nearest_names(
    edit: edit_pb2_grpc.EditServiceStub, portrait: image_pb2.Image
) -> None:
    request = edit_pb2.RelightRequest(image=portrait, relighting=edit_pb2.Relighting(pattern="rembrant", mood="studjo"))
    refusal = refused(edit.Relight, request)
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "PRESET_UNKNOWN")
    assert "rembrandt" in refusal.message
    assert refusal.fields == ["relighting.mood", "relighting.pattern"]


def test_contradictory_lamps_are_refused_all_at_once(
    edit: edit_pb2_grpc.EditServiceStub, portrait: image_pb2.Image
) -> None:
    rig = light_pb2.LightRig(
        key=light_pb2.Lamp(intensity=0, azimuth_degrees=170),
        rim=light_pb2.Lamp(azimuth_degrees=20, intensity=1),
        ratio=4,
    )
    relighting = edit_pb2.Relighting(rig=rig, side=light_pb2.LIGHT_SIDE_LEFT)
    refusal = refused(edit.Relight, edit_pb2.RelightRequest(image=portrait, relighting=relighting))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "FIELD_OUT_OF_RANGE")
    assert {"relighting.side", "relighting.rig.key.intensity", "relighting.rig.rim.azimuth_degrees"} <= set(
        refusal.fields
    )


def test_every_control_beyond_its_range_is_named_at_once(
    edit: edit_pb2_grpc.EditServiceStub, portrait: image_pb2.Image
) -> None:
    ask = edit_pb2.Enhancement(skin_detail=101, eyes=-1, sharpen=float("nan"))
    refusal = refused(edit.Enhance, edit_pb2.EnhanceRequest(image=portrait, enhancement=ask))
    assert refusal.fields == ["enhancement.eyes", "enhancement.sharpen", "enhancement.skin_detail"]
    relighting = edit_pb2.Relighting(pattern="loop", ratio=0.5, kelvin=900, strength=2)
    refusal = refused(edit.Relight, edit_pb2.RelightRequest(image=portrait, relighting=relighting))
    assert refusal.fields == ["relighting.kelvin", "relighting.ratio", "relighting.strength"]


def test_detail_is_not_drawn_in_without_a_model_for_it(
    edit: edit_pb2_grpc.EditServiceStub, portrait: image_pb2.Image
) -> None:
    ask = edit_pb2.Enhancement(mode=edit_pb2.ENHANCEMENT_MODE_FLEXIBLE)
    refusal = refused(edit.Enhance, edit_pb2.EnhanceRequest(image=portrait, enhancement=ask))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "MODEL_NOT_INSTALLED")
    assert refusal.info.metadata["command"].startswith("atelier models")


def test_a_backdrop_that_falls_off_shows_no_bands(
    edit: edit_pb2_grpc.EditServiceStub, astronaut: NDArray[np.uint8]
) -> None:
    smooth = astronaut.copy()
    ramp = np.linspace(150, 190, 130)[None, :, None] * np.ones((300, 1, 3))
    smooth[:300, 300:430] = np.rint(ramp)
    answer = relit(edit, png(smooth), edit_pb2.Relighting(pattern="split", background_falloff=1))
    row = pixels_of(answer.image)[100:200, 420:428, 1].astype(int)
    # A band is a column of one value; dither leaves neighbours of a value above and below among each other.
    assert max(len(np.unique(row[:, column])) for column in range(row.shape[1])) >= 2


def test_the_client_relights_and_enhances(stack: Stack, astronaut: NDArray[np.uint8]) -> None:
    rig = LightRig(key=Lamp(azimuth_degrees=-50, elevation_degrees=30, softness=0.3), ratio=4)
    with Atelier(stack.address) as studio:
        lit = studio.edit.relight(astronaut, rig)
        crisp = studio.edit.enhance(astronaut, Enhancement(eyes=50))
    assert json.loads(json.dumps(lit.report.to_dict()))["operation"] == "edit.relight"
    assert {one.verdict for one in crisp.report.measures} <= {Verdict.PASS, Verdict.NOT_MEASURABLE, Verdict.INFORMATIVE}


def _image(name: str, astronaut: NDArray[np.uint8]) -> image_pb2.Image:
    if name == "text":
        return image_pb2.Image(content=b"not a picture at all, but long enough to be one")
    if name == "truncated":
        whole = encoded(astronaut, "JPEG")
        return image_pb2.Image(content=whole[: len(whole) // 2])
    if name == "never stored":
        return image_pb2.Image(artifact="sha256:" + "0" * 64)
    if name == "small face":
        frame = np.full((128, 128, 3), 110, np.uint8)
        frame[20:92, 30:102] = cv2.resize(astronaut[0:256, 100:356], (72, 72), interpolation=cv2.INTER_AREA)
        return png(frame)
    return png(WALL if name == "no face" else astronaut)
