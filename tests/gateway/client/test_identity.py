"""Identity through the client and the command, at a toy service that knows people by the colour of a pixel."""

from __future__ import annotations

import io
import json
import uuid
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import grpc
import pytest
from atelier.v1 import (
    artifact_pb2,
    artifact_pb2_grpc,
    identity_pb2,
    identity_pb2_grpc,
    image_pb2,
    report_pb2,
)
from atelier_client import AlreadyExistsError, AsyncAtelier, Atelier, Verdict
from atelier_client.cli import atelier
from click.testing import CliRunner, Result
from PIL import Image

from tests.gateway.client.toys import Refusal, abort, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RED, BLUE = (200, 30, 30), (30, 30, 200)
MADE = datetime(2026, 1, 1, tzinfo=UTC)


class Toy(identity_pb2_grpc.IdentityServiceServicer, artifact_pb2_grpc.ArtifactServiceServicer):
    """Keeps profiles in a dictionary; a person is the colour of the first pixel."""

    def __init__(self) -> None:
        self.profiles: dict[str, tuple[identity_pb2.Profile, tuple[int, ...]]] = {}
        self.stored: dict[str, artifact_pb2.PutHeader] = {}
        self.creations: list[identity_pb2.CreateProfileRequest] = []
        self.locks: list[identity_pb2.LockRequest] = []
        self.address = ""

    def CreateProfile(  # noqa: N802 - the RPC's name
        self, request: identity_pb2.CreateProfileRequest, context: grpc.ServicerContext
    ) -> identity_pb2.CreateProfileResponse:
        self.creations.append(request)
        if any(known.display_name == request.display_name for known, _ in self.profiles.values()):
            abort(context, Refusal(grpc.StatusCode.ALREADY_EXISTS, "PROFILE_EXISTS"))
        profile = identity_pb2.Profile(
            id=str(uuid.uuid4()),
            display_name=request.display_name,
            reference_count=len(request.references),
            agreement=0.9,
            anchors=["same person"],
            proportions=[identity_pb2.Proportion(feature="nose_width", value_interocular=0.65)],
        )
        profile.create_time.FromDatetime(MADE)
        profile.expire_time.FromDatetime(MADE + (request.time_to_live.ToTimedelta() or timedelta(days=30)))
        inline = [one.image for one in request.references if one.image.content]
        self.profiles[profile.id] = (profile, person(inline[0]) if inline else ())
        return identity_pb2.CreateProfileResponse(profile=profile)

    def ListProfiles(  # noqa: N802
        self, request: identity_pb2.ListProfilesRequest, _: grpc.ServicerContext
    ) -> identity_pb2.ListProfilesResponse:
        known = [profile for profile, _ in self.profiles.values()]
        start = int(request.page_token or 0)
        return identity_pb2.ListProfilesResponse(
            profiles=known[start : start + 1], next_page_token=str(start + 1) if start + 1 < len(known) else ""
        )

    def DeleteProfile(  # noqa: N802
        self, request: identity_pb2.DeleteProfileRequest, _: grpc.ServicerContext
    ) -> identity_pb2.DeleteProfileResponse:
        self.profiles.pop(request.id, None)
        return identity_pb2.DeleteProfileResponse()

    def Compare(  # noqa: N802
        self, request: identity_pb2.CompareRequest, _: grpc.ServicerContext
    ) -> identity_pb2.CompareResponse:
        alike = float(person(request.first.image) == person(request.second.image))
        likeness = identity_pb2.Likeness(similarity=alike, explanation="The toy says so.")
        return identity_pb2.CompareResponse(likeness=likeness)

    def Verify(  # noqa: N802
        self, request: identity_pb2.VerifyRequest, _: grpc.ServicerContext
    ) -> identity_pb2.VerifyResponse:
        same = self.profiles[request.profile][1] == person(request.portrait.image)
        verdict = report_pb2.VERDICT_PASS if same else report_pb2.VERDICT_FAIL
        likeness = identity_pb2.Likeness(similarity=float(same), verdict=verdict)
        return identity_pb2.VerifyResponse(likeness=likeness, threshold=1 - request.false_accept_rate, confidence=0.99)

    def Drift(  # noqa: N802
        self, request: identity_pb2.DriftRequest, _: grpc.ServicerContext
    ) -> identity_pb2.DriftResponse:
        change = identity_pb2.ProportionChange(feature="nose_width", target_interocular=0.65)
        response = identity_pb2.DriftResponse(likeness=identity_pb2.Likeness(similarity=0.9), changes=[change])
        if request.profile:
            response.profile_after.similarity = 0.8
        return response

    def Lock(  # noqa: N802
        self, request: identity_pb2.LockRequest, _: grpc.ServicerContext
    ) -> identity_pb2.LockResponse:
        self.locks.append(request)
        change = identity_pb2.ProportionChange(feature="nose_width", before_interocular=0.7, after_interocular=0.66)
        return identity_pb2.LockResponse(image=request.image, changes=[change])

    def Put(  # noqa: N802
        self, request_iterator: Iterator[artifact_pb2.PutRequest], _: grpc.ServicerContext
    ) -> artifact_pb2.PutResponse:
        header = next(request_iterator).header
        self.stored[header.sha256] = header
        for _piece in request_iterator:
            pass
        return artifact_pb2.PutResponse(artifact=artifact_pb2.Artifact(id=f"sha256:{header.sha256}"))


def person(image: image_pb2.Image) -> tuple[int, ...]:
    pixel = Image.open(io.BytesIO(image.content)).convert("RGB").getpixel((0, 0))
    assert isinstance(pixel, tuple)
    return pixel


def png(colour: tuple[int, int, int], size: int = 8) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (size, size), colour).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def toy() -> Iterator[Toy]:
    toy = Toy()  # type: ignore[abstract]  # RPCs that no test asks for
    with serving(
        partial(identity_pb2_grpc.add_IdentityServiceServicer_to_server, toy),
        partial(artifact_pb2_grpc.add_ArtifactServiceServicer_to_server, toy),
    ) as toy.address:
        yield toy


@pytest.fixture
def studio(toy: Toy) -> Iterator[Atelier]:
    with Atelier(toy.address) as studio:
        yield studio


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    found = {}
    for name, colour in (("ada", RED), ("ada2", RED), ("eve", BLUE)):
        path = tmp_path / f"{name}.png"
        path.write_bytes(png(colour))
        found[name] = str(path)
    return found


def run(toy: Toy, *words: str) -> Result:
    return CliRunner().invoke(atelier, ["identity", *words, "--address", toy.address])


def test_a_profile_is_made_listed_and_deleted(studio: Atelier, toy: Toy) -> None:
    profile = studio.identity.create_profile("ada", [png(RED), png(RED)], time_to_live=timedelta(days=2))
    assert (profile.name, profile.reference_count, profile.agreement) == ("ada", 2, 0.9)
    assert profile.expires - profile.created == timedelta(days=2)
    assert studio.identity.profiles() == (profile,)
    studio.identity.delete_profile(profile.id)
    assert studio.identity.profiles() == ()


def test_all_pages_are_listed(studio: Atelier) -> None:
    for name in ("a", "b", "c"):
        studio.identity.create_profile(name, [png(RED)])
    assert [one.name for one in studio.identity.profiles()] == ["a", "b", "c"]


def test_a_name_that_exists_is_told_apart(studio: Atelier) -> None:
    studio.identity.create_profile("ada", [png(RED)])
    with pytest.raises(AlreadyExistsError) as refusal:
        studio.identity.create_profile("ada", [png(RED)])
    assert refusal.value.reason == "PROFILE_EXISTS"


def test_references_that_fill_a_message_are_uploaded_for_minutes_only(studio: Atelier, toy: Toy) -> None:
    large = png(RED) + bytes(2**20)
    studio.identity.create_profile("ada", [large] * 16)
    assert {one.image.WhichOneof("source") for one in toy.creations[0].references} == {"artifact"}
    assert {header.time_to_live.seconds for header in toy.stored.values()} == {600}


def test_faces_are_compared_verified_and_held(studio: Atelier) -> None:
    profile = studio.identity.create_profile("ada", [png(RED)])
    assert studio.identity.compare(png(RED), png(BLUE)).likeness.similarity == 0
    same, other = (studio.identity.verify(profile.id, png(colour), false_accept_rate=0.25) for colour in (RED, BLUE))
    assert (same.passed, other.passed, same.threshold, same.confidence) == (True, False, 0.75, 0.99)
    drift = studio.identity.drift(png(RED), png(RED), profile=profile.id)
    assert (drift.profile_before, drift.profile_after and drift.profile_after.similarity) == (None, 0.8)
    held = studio.identity.lock(profile.id, png(RED), features=["nose_width"], strength=0.5)
    assert (held.content, held.changes[0].after) == (png(RED), 0.66)


async def test_the_awaiting_client_does_the_same(toy: Toy) -> None:
    async with AsyncAtelier(toy.address) as studio:
        profile = await studio.identity.create_profile("ada", [png(RED)])
        assert (await studio.identity.verify(profile.id, png(RED))).likeness.verdict is Verdict.PASS


def test_the_command_enrols_and_lists(toy: Toy, files: dict[str, str]) -> None:
    done = run(toy, "enroll", "ada", files["ada"], files["ada2"], "--days", "3", "--json")
    assert done.exit_code == 0
    said = json.loads(done.stdout)
    assert (said["name"], said["reference_count"], toy.creations[0].time_to_live.seconds) == ("ada", 2, 3 * 86400)
    assert [one["name"] for one in json.loads(run(toy, "list", "--json").stdout)] == ["ada"]
    assert "ada" in run(toy, "list").stdout
    again = run(toy, "enroll", "ada", files["ada"])
    assert (again.exit_code, "atelier identity delete" in again.stderr.replace("\n", " ")) == (1, True)


def test_the_command_says_by_its_exit_status_who_it_is(toy: Toy, files: dict[str, str]) -> None:
    run(toy, "enroll", "ada", files["ada"])
    same, other = (run(toy, "verify", "ada", files[name], "--json") for name in ("ada2", "eve"))
    assert (same.exit_code, other.exit_code) == (0, 1)
    assert json.loads(same.stdout)["verdict"] == "PASS"
    assert json.loads(run(toy, "compare", files["ada"], files["eve"], "--json").stdout)["similarity"] == 0


def test_an_unknown_name_is_refused_with_the_known_ones(toy: Toy, files: dict[str, str]) -> None:
    run(toy, "enroll", "ada", files["ada"])
    refused = run(toy, "verify", "eva", files["eve"])
    assert (refused.exit_code, "known are ada" in refused.stderr) == (1, True)


def test_the_command_holds_a_picture_and_deletes_a_profile(toy: Toy, files: dict[str, str], tmp_path: Path) -> None:
    run(toy, "enroll", "ada", files["ada"])
    out = tmp_path / "held.png"
    done = run(toy, "lock", "ada", files["ada2"], "-o", str(out), "--feature", "nose_width", "--strength", "0.5")
    assert (done.exit_code, out.read_bytes()) == (0, png(RED))
    assert (list(toy.locks[0].lock.features), toy.locks[0].lock.strength) == (["nose_width"], 0.5)
    assert run(toy, "delete", "ada").exit_code == 0
    assert toy.profiles == {}
