"""The service on loopback. Faces need real models: these tests skip where none are installed."""

from __future__ import annotations

import asyncio
import logging
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from atelier.v1 import identity_pb2, report_pb2
from atelier_identity.anchors import anchors
from atelier_identity.database import PROFILES, REFERENCES, open_database
from atelier_identity.store import ProfileStore
from atelier_service.models.backend import InstalledModel
from google.protobuf import json_format
from google.protobuf.duration_pb2 import Duration
from sqlalchemy import func, select

from tests.services.identity.people import Clock, new_keys, person
from tests.services.identity.serving import (
    ByColour,
    models_folder,
    pixels_of,
    png,
    refusal,
    serving,
    sitting,
    tinted,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from numpy.typing import NDArray
    from sqlalchemy import Engine

    from tests.services.identity.serving import Stub

ENCODER = InstalledModel("face_encoder", "1", "0" * 64, "CC0-1.0", "fake")
OTHER = (("x-atelier-tenant", "another"),)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path / 'profiles.sqlite'}")
    yield engine
    engine.dispose()


@pytest.fixture
def kept(engine: Engine, clock: Clock) -> ProfileStore:
    return ProfileStore(engine, new_keys(), clock=clock)


@pytest.fixture(scope="module")
def loaded() -> ByColour:
    return ByColour(models_folder())


@pytest.fixture
def models(loaded: ByColour) -> ByColour:
    loaded.encoder = ENCODER
    return loaded


@pytest.fixture
async def service(tmp_path: Path, kept: ProfileStore, models: ByColour) -> AsyncIterator[Stub]:
    async with serving(tmp_path, kept, models) as stub:
        yield stub


@pytest.fixture
def face(astronaut: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The head of the portrait, so that little is computed."""
    return np.ascontiguousarray(astronaut[:320, 60:380])


def creation(*references: NDArray[np.uint8], name: str = "Ada", **fields: object) -> identity_pb2.CreateProfileRequest:
    return identity_pb2.CreateProfileRequest(
        display_name=name,
        references=map(sitting, references),
        **fields,  # type: ignore[arg-type]
    )


def rows(store: ProfileStore) -> list[int]:
    with store._engine.begin() as connection:
        return [
            connection.execute(select(func.count()).select_from(one)).scalar_one() for one in (PROFILES, REFERENCES)
        ]


async def test_a_profile_is_made_described_listed_and_deleted(service: Stub, face: NDArray[np.uint8]) -> None:
    made = await service.CreateProfile(creation(face, face[8:, 8:], name="Ada"))
    profile = made.profile
    assert (profile.display_name, profile.reference_count, profile.kept_reference_count) == ("Ada", 2, 0)
    assert profile.agreement > 0.9
    assert {one.feature for one in profile.proportions} >= {"eye_spacing", "jaw_width", "nose_width", "brow_height"}
    assert all(0 <= one.deviation_interocular < 0.03 for one in profile.proportions)
    assert profile.HasField("skin_ita_degrees")
    assert "same facial structure" in profile.anchors
    assert [measure.name for measure in made.report.measures] == ["reference_similarity"] * 2
    assert profile.expire_time.seconds - profile.create_time.seconds == 30 * 86400
    assert (await service.GetProfile(identity_pb2.GetProfileRequest(id=profile.id))).profile == profile
    assert list((await service.ListProfiles(identity_pb2.ListProfilesRequest())).profiles) == [profile]
    await service.DeleteProfile(identity_pb2.DeleteProfileRequest(id=profile.id))
    gone = await refusal(service.GetProfile(identity_pb2.GetProfileRequest(id=profile.id)))
    assert gone.reason == "PROFILE_UNKNOWN"


async def test_no_answer_holds_an_embedding(service: Stub, face: NDArray[np.uint8], kept: ProfileStore) -> None:
    made = await service.CreateProfile(creation(face))
    mean = kept.get("default", made.profile.id).profile.references.mean
    assert mean.tobytes() not in made.SerializeToString()
    assert not any(field.name in {"embedding", "mean"} for field in made.profile.DESCRIPTOR.fields)


async def test_mixed_people_are_refused_and_the_odd_ones_named(
    service: Stub, face: NDArray[np.uint8], kept: ProfileStore
) -> None:
    stranger = tinted(face, 0.4, 1, 0.4)
    error = await refusal(service.CreateProfile(creation(face, stranger, face[4:])))
    assert (error.reason, error.metadata["positions"]) == ("REFERENCES_DISAGREE", "1")
    assert [violation.field for violation in error.violations] == ["references[1]"]
    assert rows(kept) == [0, 0]


async def test_every_reference_without_a_usable_face_is_named(service: Stub, face: NDArray[np.uint8]) -> None:
    wall = np.full((200, 200, 3), 128, np.uint8)
    small = np.ascontiguousarray(face[::3, ::3])
    error = await refusal(service.CreateProfile(creation(wall, face, small)))
    assert (error.reason, error.metadata["positions"]) == ("NO_FACE", "0, 2")
    assert [violation.field for violation in error.violations] == ["references[0]", "references[2]"]


async def test_a_name_that_exists_is_refused_before_any_work(
    service: Stub, face: NDArray[np.uint8], kept: ProfileStore
) -> None:
    await service.CreateProfile(creation(face, name="Ada"))
    wall = np.full((64, 64, 3), 128, np.uint8)
    error = await refusal(service.CreateProfile(creation(wall, name="Ada")))
    assert (error.status, error.reason) == ("ALREADY_EXISTS", "PROFILE_EXISTS")
    assert rows(kept) == [1, 0]


async def test_of_calls_that_want_a_name_at_once_one_wins(
    service: Stub, face: NDArray[np.uint8], kept: ProfileStore
) -> None:
    calls = [service.CreateProfile(creation(face, name="Ada")) for _ in range(4)]
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(one, identity_pb2.CreateProfileResponse) for one in outcomes) == 1
    assert rows(kept) == [1, 0]


async def test_a_repeated_creation_is_answered_alike(
    service: Stub, face: NDArray[np.uint8], kept: ProfileStore
) -> None:
    request = creation(face, request_id=str(uuid.uuid4()))
    first, second = [await service.CreateProfile(request) for _ in range(2)]
    assert first.profile == second.profile
    assert rows(kept) == [1, 0]


async def test_the_operator_bounds_how_long_a_profile_is_kept(service: Stub, face: NDArray[np.uint8]) -> None:
    short = await service.CreateProfile(creation(face, time_to_live=Duration(seconds=60)))
    kept_for = short.profile.expire_time.ToDatetime() - short.profile.create_time.ToDatetime()
    assert kept_for.total_seconds() == 60
    too_long = creation(face, name="Eve", time_to_live=Duration(seconds=366 * 86400))
    error = await refusal(service.CreateProfile(too_long))
    assert (error.reason, [one.field for one in error.violations]) == ("FIELD_OUT_OF_RANGE", ["time_to_live"])


async def test_the_same_face_is_verified_and_a_stranger_is_not(service: Stub, face: NDArray[np.uint8]) -> None:
    profile = (await service.CreateProfile(creation(face))).profile
    same, other = [
        await service.Verify(identity_pb2.VerifyRequest(profile=profile.id, portrait=sitting(pixels)))
        for pixels in (face[6:, 3:], tinted(face, 0.4, 1, 0.4))
    ]
    assert (same.likeness.verdict, other.likeness.verdict) == (report_pb2.VERDICT_PASS, report_pb2.VERDICT_FAIL)
    assert same.threshold == pytest.approx(0.363, abs=0.001)  # what 1 in 1,000 stands for on the scale
    assert same.likeness.similarity > same.threshold > other.likeness.similarity
    assert same.likeness.false_accept_rate < 0.001 < other.likeness.false_accept_rate
    assert same.confidence > 0.999
    stricter = identity_pb2.VerifyRequest(profile=profile.id, portrait=sitting(face), false_accept_rate=0.0001)
    assert (await service.Verify(stricter)).threshold == pytest.approx(0.437, abs=0.001)


async def test_two_faces_are_compared_on_the_same_scale(service: Stub, face: NDArray[np.uint8]) -> None:
    request = identity_pb2.CompareRequest(first=sitting(face), second=sitting(face))
    same = await service.Compare(request)
    assert [same.likeness.similarity, same.likeness.encoder_distance] == pytest.approx([1, 0])
    assert same.likeness.verdict == report_pb2.VERDICT_UNSPECIFIED
    assert [model.name for model in same.report.models][-1] == "face_encoder"
    assert [measure.name for measure in same.report.measures] == ["identity_similarity"]


async def test_a_tenant_neither_sees_guesses_nor_deletes_anothers(service: Stub, face: NDArray[np.uint8]) -> None:
    made = (await service.CreateProfile(creation(face))).profile
    never = str(uuid.uuid4())
    refusals = []
    for identifier in (made.id, never):
        for call in (
            service.GetProfile(identity_pb2.GetProfileRequest(id=identifier), metadata=OTHER),
            service.Verify(identity_pb2.VerifyRequest(profile=identifier, portrait=sitting(face)), metadata=OTHER),
            service.Lock(
                identity_pb2.LockRequest(image=png(face), lock=identity_pb2.IdentityLock(profile=identifier)),
                metadata=OTHER,
            ),
        ):
            error = await refusal(call)
            refusals.append((error.reason, error.message.replace(identifier, "")))
    assert len(set(refusals)) == 1
    assert not (await service.ListProfiles(identity_pb2.ListProfilesRequest(), metadata=OTHER)).profiles
    await service.DeleteProfile(identity_pb2.DeleteProfileRequest(id=made.id), metadata=OTHER)
    assert (await service.GetProfile(identity_pb2.GetProfileRequest(id=made.id))).profile == made


async def test_without_an_encoder_nothing_is_guessed(service: Stub, face: NDArray[np.uint8], models: ByColour) -> None:
    profile = (await service.CreateProfile(creation(face))).profile
    models.encoder = None
    answer = await service.Verify(identity_pb2.VerifyRequest(profile=profile.id, portrait=sitting(face)))
    assert answer.likeness.verdict == report_pb2.VERDICT_NOT_MEASURABLE
    assert not answer.likeness.HasField("similarity")
    assert not answer.HasField("threshold")
    error = await refusal(service.CreateProfile(creation(face, name="Eve")))
    assert error.reason == "MODEL_NOT_INSTALLED"


async def test_a_profile_of_another_encoder_is_made_again_where_references_were_kept(
    service: Stub, face: NDArray[np.uint8], models: ByColour, kept: ProfileStore
) -> None:
    lasting = (await service.CreateProfile(creation(face, name="Ada", keep_references=True))).profile
    fleeting = (await service.CreateProfile(creation(face, name="Eve"))).profile
    assert (lasting.kept_reference_count, fleeting.kept_reference_count, rows(kept)) == (1, 0, [2, 1])
    assert models.encoder is not None
    models.encoder = replace(models.encoder, version="2", sha256="1" * 64)
    verify = identity_pb2.VerifyRequest(profile=lasting.id, portrait=sitting(face))
    assert (await service.Verify(verify)).likeness.verdict == report_pb2.VERDICT_PASS
    renewed = (await service.GetProfile(identity_pb2.GetProfileRequest(id=lasting.id))).profile
    assert (renewed.encoder.version, renewed.expire_time) == ("2", lasting.expire_time)
    verify.profile = fleeting.id
    assert (await refusal(service.Verify(verify))).reason == "PROFILE_OUTDATED"


async def test_drift_of_nothing_is_nothing(service: Stub, face: NDArray[np.uint8]) -> None:
    answer = await service.Drift(identity_pb2.DriftRequest(before=sitting(face), after=sitting(face)))
    values = {one.name: one.value for one in answer.report.measures if one.HasField("value")}
    assert values.pop("identity_similarity") == pytest.approx(1)
    still = (
        "geometry_drift",
        "skin_delta_e",
        "skin_ita_shift",
        "global_shift",
        "apparent_age_shift",
        "expression_shift",
    )
    assert values == pytest.approx(dict.fromkeys(still, 0))
    assert all(one.before_interocular == one.after_interocular == one.target_interocular for one in answer.changes)


async def test_drift_says_where_a_face_was_changed(service: Stub, face: NDArray[np.uint8]) -> None:
    profile = (await service.CreateProfile(creation(face))).profile
    request = identity_pb2.DriftRequest(
        before=sitting(face), after=sitting(tinted(face, 1.0, 0.9, 0.8)), profile=profile.id
    )
    answer = await service.Drift(request)
    skin = [one for one in answer.report.measures if one.name == "skin_delta_e" and one.HasField("value")]
    assert skin
    assert all(one.verdict == report_pb2.VERDICT_FAIL for one in skin)
    assert answer.profile_before.similarity > answer.profile_after.similarity
    targets = {one.feature: one.target_interocular for one in answer.changes}
    assert targets == {one.feature: one.value_interocular for one in profile.proportions}


async def test_a_locked_face_comes_nearer_to_its_profile_and_the_background_stays(
    service: Stub, face: NDArray[np.uint8], kept: ProfileStore
) -> None:
    profile = (await service.CreateProfile(creation(face))).profile
    stored = kept.get("default", profile.id)
    wider = {"nose_length": -0.02, "jaw_width": 0.03}
    proportions = tuple(
        replace(one, value=one.value + wider.get(one.feature, 0.0)) for one in stored.profile.proportions
    )
    kept.replace("default", profile.id, replace(stored.profile, proportions=proportions))
    request = identity_pb2.LockRequest(image=png(face), lock=identity_pb2.IdentityLock(profile=profile.id))
    answer = await service.Lock(request)
    changes = {one.feature: one for one in answer.changes}
    assert {*changes} == {"nose_width", "nose_length", "jaw_width"}
    missing = np.array([(one.before_interocular, one.after_interocular) for one in changes.values()]) - np.array(
        [[one.target_interocular] for one in changes.values()]
    )
    before, after = np.sqrt((missing**2).mean(axis=0))
    assert after < 0.7 * before  # of a move by a pixel, the network sees a part
    changed = (pixels_of(answer.image) != face).any(axis=2)
    assert 0.01 < changed.mean() < 0.3
    assert not changed[:, :40].any()  # far from the head
    verdicts = {one.name: one.verdict for one in answer.report.measures}
    assert verdicts["flow_jacobian"] == verdicts["global_shift"] == report_pb2.VERDICT_PASS
    assert json_format.MessageToDict(answer.report.parameters)["strength"] == 1


async def test_a_face_that_keeps_to_its_profile_is_answered_byte_for_byte(
    service: Stub, face: NDArray[np.uint8]
) -> None:
    profile = (await service.CreateProfile(creation(face))).profile
    request = identity_pb2.LockRequest(image=png(face), lock=identity_pb2.IdentityLock(profile=profile.id))
    assert np.array_equal(pixels_of((await service.Lock(request)).image), face)


async def test_a_lock_holds_what_it_can_and_refuses_the_rest(service: Stub, face: NDArray[np.uint8]) -> None:
    profile = (await service.CreateProfile(creation(face))).profile
    lock = identity_pb2.IdentityLock(profile=profile.id, features=["eye_spacing", "nose_width", "ears"])
    error = await refusal(service.Lock(identity_pb2.LockRequest(image=png(face), lock=lock)))
    assert error.reason == "FIELD_OUT_OF_RANGE"
    assert [violation.field for violation in error.violations] == ["lock.features[0]", "lock.features[2]"]


async def test_a_stranger_cannot_be_locked_above_a_floor(service: Stub, face: NDArray[np.uint8]) -> None:
    profile = (await service.CreateProfile(creation(face))).profile
    request = identity_pb2.LockRequest(
        image=png(tinted(face, 0.4, 1, 0.4)), lock=identity_pb2.IdentityLock(profile=profile.id), identity_floor=0.4
    )
    error = await refusal(service.Lock(request))
    assert error.reason == "IDENTITY_BELOW_FLOOR"
    assert float(error.metadata["measured"]) < 0.4


async def test_the_log_names_nobody(service: Stub, face: NDArray[np.uint8], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await service.CreateProfile(creation(face, name="Ada Lovelace"))
        await refusal(service.CreateProfile(creation(face, name="Ada Lovelace")))
    assert "Lovelace" not in caplog.text


def test_what_is_marked_about_a_person_becomes_words() -> None:
    said = anchors(person())  # a narrow nose, an average jaw, an angle of 31.5 degrees
    assert said[:3] == ("same person", "same facial structure", "matching proportions")
    assert {"narrow nose", "wide jawline", "medium light skin"} == {*said[3:]}
