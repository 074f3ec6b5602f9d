"""What plugins say of a generation: a critic that ranks, a policy that refuses or changes, and one that breaks."""

from __future__ import annotations

import dataclasses
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import pytest
from atelier.v1 import catalog_pb2, catalog_pb2_grpc, generate_pb2, image_pb2
from atelier_sdk import MeasureSource, PolicyRefusedError, Preset, Reading, hookimpl
from atelier_sdk.discovery import Found
from atelier_sdk.host import PluginHost
from atelier_service.plugins import Plugins

from tests.services.generate.service.serving import models_folder, serving
from tests.services.generate.service.sketchbook import Networks, Sketchbook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from atelier_sdk import Candidate, PlannedGeneration, View


@pytest.fixture(scope="session")
def models() -> Networks:
    return Networks(models_folder())


def plugins(*hooks: Callable[..., object]) -> Plugins:
    """Load one plugin that has these hooks."""
    module = ModuleType("toy")
    vars(module)["atelier_api"] = "1.0"
    for hook in hooks:
        setattr(module, hook.__name__, hookimpl(hook))
    host = PluginHost()
    host.add(Found("toy", "toy", "1", lambda: module))
    return Plugins(host)


def atelier_measures() -> Iterable[MeasureSource]:
    """Find the greenest candidate the most natural: the darker the tint, the higher the seed."""

    def take(view: View) -> Iterable[Reading]:
        yield Reading("realism", float(1 - view.result.picture.pixels[..., 1].mean() / 255), "score", "")

    yield MeasureSource("realism", "A critic.", take)


async def test_the_critic_ranks(tmp_path: Path, models: Networks) -> None:
    async with serving(tmp_path, models, Sketchbook(), plugins=plugins(atelier_measures)) as service:
        result = await service.result(candidates=4, seed=0)
    assert list(result.ranking) == [3, 2, 1, 0]
    assert result.report.measures[0].name == "realism"


async def test_without_a_critic_realism_is_not_measurable_and_no_number(tmp_path: Path, models: Networks) -> None:
    async with serving(tmp_path, models, Sketchbook()) as service:
        result = await service.result(candidates=1, seed=0)
    realism = result.report.measures[0]
    assert (realism.name, realism.HasField("value")) == ("realism", False)
    assert "critic" in realism.explanation


async def test_a_measure_that_nobody_takes_is_refused_before_anything_is_drawn(
    tmp_path: Path, models: Networks
) -> None:
    output = image_pb2.OutputOptions(measures=["beauty"])
    async with serving(tmp_path, models, Sketchbook()) as service:
        before = models.steps
        error = await service.refusal(candidates=1, output=output)
    assert [one.field for one in error.violations] == ["output.measures[0]"]
    assert models.steps == before


def refuses_calm(generation: PlannedGeneration) -> PlannedGeneration:
    if generation.direction.get("mood") == "calm":
        raise PolicyRefusedError("Nobody is calm here.", metadata={"rule": "mood"})
    return dataclasses.replace(generation, prompt=f"{generation.prompt}, decently dressed")


refuses_calm.__name__ = "atelier_prepare_generation"


async def test_a_policy_refuses_with_its_reason_before_anything_is_drawn(tmp_path: Path, models: Networks) -> None:
    async with serving(tmp_path, models, Sketchbook(), plugins=plugins(refuses_calm)) as service:
        before = models.steps
        error = await service.refusal(candidates=1)
    assert (error.status, error.reason) == ("PERMISSION_DENIED", "POLICY_REFUSED")
    assert "Nobody is calm here." in error.message
    assert models.steps == before


async def test_a_policy_changes_the_words_and_the_record_has_them(tmp_path: Path, models: Networks) -> None:
    direction = generate_pb2.Direction(mood="joyful")
    async with serving(tmp_path, models, Sketchbook(), plugins=plugins(refuses_calm)) as service:
        result = await service.result(candidates=1, seed=0, direction=direction)
    assert result.composed.prompt.text.endswith(", decently dressed")
    assert result.report.parameters["prompt"] == result.composed.prompt.text


def blurs(candidate: Candidate) -> Candidate:
    if candidate.seed == 13:
        raise PolicyRefusedError("Thirteen is not shown.")
    return dataclasses.replace(candidate, pixels=np.full_like(candidate.pixels, 0.25), notes=("It is hidden.",))


blurs.__name__ = "atelier_finish_generation"


async def test_a_policy_changes_what_was_drawn_before_anybody_sees_it(tmp_path: Path, models: Networks) -> None:
    async with serving(tmp_path, models, Sketchbook(), plugins=plugins(blurs)) as service:
        result = await service.result(candidates=1, seed=0)
        error = await service.refusal(candidates=2, seed=12)
    assert "It is hidden." in result.report.notes
    assert not result.report.faces
    assert error.reason == "POLICY_REFUSED"


async def test_nothing_is_previewed_where_a_policy_judges_candidates(tmp_path: Path, models: Networks) -> None:
    async with serving(tmp_path, models, Sketchbook(), plugins=plugins(blurs)) as service:
        events = await service.ask(candidates=1, seed=0, include_previews=True)
    assert not [event for event in events if event.HasField("preview")]
    assert any("Previews are left out" in note for note in events[-1].result.report.notes)


def atelier_presets() -> Iterable[Preset]:
    yield Preset("look", "daguerreotype", "Silver on copper.", {"grade": "daguerreotype"})
    yield Preset("stock", "orwo", "A film stock, which is the style service's.")


async def test_presets_of_plugins_are_listed_and_understood(tmp_path: Path, models: Networks) -> None:
    direction = generate_pb2.Direction(preset="daguerreotype")
    async with serving(tmp_path, models, Sketchbook(), plugins=plugins(atelier_presets)) as service:
        described = await catalog_pb2_grpc.CapabilityServiceStub(service.channel).Describe(
            catalog_pb2.DescribeRequest()
        )
        composed = (await service.stub.Compose(generate_pb2.ComposeRequest(direction=direction))).composed
    assert [one.name for one in described.capability.presets if one.name in {"daguerreotype", "orwo"}] == [
        "daguerreotype"
    ]
    assert "daguerreotype" in composed.prompt.text.lower()


def breaks(candidate: Candidate) -> Candidate:
    raise RuntimeError("the policy is at its wits' end")


breaks.__name__ = "atelier_finish_generation"


async def test_a_policy_that_breaks_lets_nothing_through(tmp_path: Path, models: Networks) -> None:
    async with serving(tmp_path, models, Sketchbook(), plugins=plugins(breaks)) as service:
        error = await service.refusal(candidates=1)
    assert error.reason == "POLICY_FAILED"
    assert "wits" not in error.message
