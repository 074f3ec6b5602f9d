"""What plugins do inside a service."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from atelier.v1 import catalog_pb2, catalog_pb2_grpc, image_pb2, report_pb2
from atelier_sdk import (
    Candidate,
    MeasureSource,
    Phrase,
    PlannedGeneration,
    PolicyRefusedError,
    Preset,
    Reading,
    hookimpl,
)
from atelier_sdk.discovery import Found
from atelier_sdk.errors import FieldOutOfRangeError, PolicyFailedError
from atelier_sdk.host import PluginHost
from atelier_service.plugins import Plugins

from tests.services.kit.test_sitting import Inverter, asked, backend
from tests.services.kit.toys import refusal, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from atelier_sdk import View

PLANNED = PlannedGeneration("id", "tenant", "a portrait", "blurred")


def plugins(**hooks: Callable[..., object]) -> Plugins:
    """One plugin with these hooks, whose parameters are named as the hooks' are."""
    host = PluginHost()
    marked = {name: hookimpl(function) for name, function in hooks.items()}
    module = SimpleNamespace(atelier_api="1.0", **marked)
    host.add(Found("toy", "toy-dist", "1.2.3", lambda: module))
    return Plugins(host)


def brightness(view: View) -> Iterable[Reading]:
    result, source = view.result.picture.pixels, view.source.picture.pixels
    yield Reading("brightness", float(result.mean()), "of 255", "How bright it is.", "warn", 0, 99, (1, 2, 3, 4))
    yield Reading("sum", float((result.astype(int) + source).mean()), "of 255", "Result and source together.")
    yield Reading("age", None, "years", "There is nobody.", "not_measurable")


def broken(view: View) -> Iterable[Reading]:
    raise RuntimeError(f"about {view}")


def measures() -> Iterable[MeasureSource]:
    yield MeasureSource("brightness", "Three numbers.", brightness)
    yield MeasureSource("broken", "Never there.", broken)


async def test_a_report_holds_the_measures_that_its_caller_asks_for(tmp_path: Path) -> None:
    output = image_pb2.OutputOptions(measures=["brightness", "broken"])
    async with running(Inverter(), tmp_path, backend=backend(), plugins=plugins(atelier_measures=measures)) as toy:
        report = (await toy.style.Grade(asked(output=output))).report
        plain = (await toy.style.Grade(asked())).report
    taken = {each.name: each for each in report.measures}
    assert {*taken} - {each.name for each in plain.measures} == {"brightness", "sum", "age", "broken"}
    assert taken["brightness"].value == pytest.approx(255 - 31.5)
    assert taken["brightness"].verdict == report_pb2.VERDICT_WARN
    assert (taken["brightness"].threshold.minimum, taken["brightness"].threshold.maximum) == (0, 99)
    assert taken["brightness"].box.width == 3
    assert taken["sum"].value == pytest.approx(255)
    assert not taken["age"].HasField("value")
    assert taken["broken"].verdict == report_pb2.VERDICT_NOT_MEASURABLE
    assert taken["broken"].explanation == "The plugin toy 1.2.3 could not take it."


async def test_measures_that_nobody_takes_are_refused_all_at_once(tmp_path: Path) -> None:
    output = image_pb2.OutputOptions(measures=["brightness", "beauty", "charm"])
    async with running(Inverter(), tmp_path, backend=backend(), plugins=plugins(atelier_measures=measures)) as toy:
        error = await refusal(toy.style.Grade(asked(output=output)))
    assert isinstance(error, FieldOutOfRangeError)
    assert [each.field for each in error.violations] == ["output.measures[1]", "output.measures[2]"]
    assert "brightness, broken" in error.violations[0].description


async def test_a_capability_lists_the_measures_that_it_can_take(tmp_path: Path) -> None:
    async with running(Inverter(), tmp_path, backend=backend(), plugins=plugins(atelier_measures=measures)) as toy:
        described = await catalog_pb2_grpc.CapabilityServiceStub(toy.channel).Describe(catalog_pb2.DescribeRequest())
    assert list(described.capability.measures) == ["brightness", "broken"]


def test_presets_and_words_of_plugins_are_there_for_who_offers_them() -> None:
    preset = Preset("look", "noir", "Hard light, deep shadows.", {"lighting.ratio": 8.0})
    phrase = Phrase("lighting.pattern", ("noir light",), "split")
    found = plugins(atelier_presets=lambda: [preset], atelier_vocabulary=lambda: [phrase])
    assert (found.presets, found.vocabulary) == ((preset,), (phrase,))


def test_a_safety_hook_may_change_what_is_drawn() -> None:
    def prepare(generation: PlannedGeneration) -> PlannedGeneration:
        return replace(generation, prompt="something else")

    assert plugins(atelier_prepare_generation=prepare).prepare(PLANNED).prompt == "something else"
    assert plugins().prepare(PLANNED) is PLANNED


def test_a_safety_hook_may_refuse_in_its_own_words() -> None:
    def finish(candidate: Candidate) -> Candidate:
        raise PolicyRefusedError(f"Not candidate {candidate.index}.", metadata={"policy_reason": "TOO_LIKE"})

    drawn = Candidate("id", "tenant", 2, 7, np.zeros((2, 2, 3), np.float32))
    with pytest.raises(PolicyRefusedError, match="Not candidate 2") as refused:
        plugins(atelier_finish_generation=finish).finish(drawn)
    assert refused.value.metadata == {"policy_reason": "TOO_LIKE", "plugin": "toy"}


def test_a_safety_hook_that_fails_refuses_and_says_nothing_of_the_prompt() -> None:
    def prepare(generation: PlannedGeneration) -> PlannedGeneration:
        raise ValueError(generation.prompt)

    with pytest.raises(PolicyFailedError, match=r"The plugin toy 1\.2\.3 could not decide") as failed:
        plugins(atelier_prepare_generation=prepare).prepare(PLANNED)
    assert "portrait" not in str(failed.value)


def test_a_safety_plugin_that_is_left_out_refuses_too() -> None:
    host = PluginHost()
    module = SimpleNamespace(atelier_api="9.0", atelier_prepare_generation=hookimpl(lambda generation: generation))
    host.add(Found("toy", "toy-dist", "1.2.3", lambda: module))
    with pytest.raises(PolicyFailedError):
        Plugins(host).prepare(PLANNED)
