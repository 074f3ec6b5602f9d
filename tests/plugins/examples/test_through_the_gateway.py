"""The example behind the gateway: known by its manifest, started by the local stack, called like any other."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Final

import grpc
import numpy as np
import pytest
from atelier.v1.catalog_pb2 import HEALTH_READY, GetCapabilityRequest
from atelier.v1.catalog_pb2_grpc import CatalogServiceStub
from atelier_local import paths
from atelier_local.plan import PlanOptions, plan
from atelier_local.stack import Stack
from atelier_sdk.testing import portrait
from atelier_sdk.testing.api import Api
from atelier_sdk.testing.calls import Answer, Caller, Refusal
from atelier_sdk.testing.portrait import png

from tests.plugins.examples.environment import toning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

TONE: Final = Api(toning()).edits()["Tone"]
MANIFESTS: Final = "ATELIER_PLUGIN_MANIFESTS"


@pytest.fixture(scope="module")
def channel(toning_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[grpc.Channel]:
    """Have the other environment write its manifest, and start the local stack with that capability alone."""
    manifests = tmp_path_factory.mktemp("plugins.d")
    subprocess.run((str(toning_python), "-m", "atelier_sdk.manifest", str(manifests)), check=True)
    options = PlanOptions(paths.home(), tmp_path_factory.mktemp("state"), ("toning",))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(MANIFESTS, str(manifests))
        stack = Stack.start(plan(options, None), options.state_dir, owned=True, timeout_seconds=60)
        try:
            with grpc.insecure_channel(stack.address) as channel:
                yield channel
        finally:
            stack.down()


def tone(channel: grpc.Channel, fields: Mapping[str, object]) -> Answer | Refusal:
    return Caller(channel).ask(TONE, fields, png(portrait()))


def test_a_portrait_is_toned_and_keeps_its_luminance(channel: grpc.Channel) -> None:
    answer = tone(channel, {"toner": "sepia"})
    assert isinstance(answer, Answer)
    red, green, blue, _ = np.moveaxis(answer.pixels.astype(int), 2, 0)
    middle = (green > 60) & (green < 200)
    assert (red > blue)[middle].all()
    assert [(each["name"], each["verdict"]) for each in answer.report["measures"]] == [
        ("luminance_difference", "VERDICT_PASS")
    ]
    assert answer.report["parameters"] == {"toner": "sepia", "strength": 1.0, "highlights": 0.5}


def test_its_refusals_come_through_as_they_are(channel: grpc.Channel) -> None:
    refusal = tone(channel, {"toner": "uranium"})
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.reasons, refusal.domains) == ("INVALID_ARGUMENT", ("PRESET_UNKNOWN",), ("atelier",))


def test_the_catalogue_lists_it_beside_the_built_in_ones(channel: grpc.Channel) -> None:
    described = CatalogServiceStub(channel).GetCapability(GetCapabilityRequest(name="toning")).capability
    assert (described.service, described.health) == ("example_toning.v1.ToningService", HEALTH_READY)
    assert described.limits.max_pixels == 24_000_000
