"""The fake host calls hooks as gateway and services do."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pluggy
import pytest
from atelier_sdk import CallInfo, Candidate, MeasureSource, PlannedGeneration, Preset, Reading, Refusal, hookimpl
from atelier_sdk.testing import CALL, FakeHost

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def plugin(name: str, **hooks: Any) -> SimpleNamespace:
    """A module as the host sees one."""
    return SimpleNamespace(__name__=name, **{hook: hookimpl(function) for hook, function in hooks.items()})


def test_what_plugins_register_comes_in_the_order_of_their_names() -> None:
    def presets(name: str) -> Any:
        def atelier_presets() -> Iterable[Preset]:
            yield Preset("purpose", name, "A purpose.", {})

        return atelier_presets

    host = FakeHost(plugin("beta", atelier_presets=presets("b")), plugin("alpha", atelier_presets=presets("a")))
    assert [preset.name for preset in host.presets()] == ["a", "b"]
    assert not host.capabilities()
    assert not host.vocabulary()


def test_measures_are_taken_of_what_is_given() -> None:
    def atelier_measures() -> Iterable[MeasureSource]:
        yield MeasureSource("size", "Its length.", lambda view: [Reading("size", len(view.result), "px", "A length.")])

    host = FakeHost(plugin("sizes", atelier_measures=atelier_measures))
    assert [(reading.name, reading.value) for reading in host.readings("four")] == [("size", 4)]


def test_the_first_refusal_counts() -> None:
    def refuse(call: CallInfo) -> Refusal | None:
        return Refusal("Closed.", "OUT_OF_HOURS") if call.tenant == "nobody" else None

    def fail(call: CallInfo) -> Refusal | None:
        raise RuntimeError("asked after a refusal")

    nobody = replace(CALL, tenant="nobody")
    assert FakeHost(plugin("hours", atelier_admit=refuse)).admit() is None
    refusal = FakeHost(plugin("later", atelier_admit=fail), plugin("hours", atelier_admit=refuse)).admit(nobody)
    assert refusal == Refusal("Closed.", "OUT_OF_HOURS")


def test_each_plugin_gets_what_the_one_before_made() -> None:
    def first(headers: Mapping[str, str]) -> Mapping[str, str]:
        return {**headers, "seen": "first"}

    def second(call: CallInfo, headers: Mapping[str, str]) -> Mapping[str, str]:
        return {**headers, "seen": f"{headers['seen']}, second by {call.tenant}"}

    host = FakeHost(plugin("a", atelier_decorate=first), plugin("b", atelier_decorate=second))
    assert host.decorate({"x": "y"}) == {"x": "y", "seen": "first, second by somebody"}


def test_generations_go_through_both_hooks() -> None:
    def prepare(generation: PlannedGeneration) -> PlannedGeneration:
        return replace(generation, prompt=generation.prompt + ", clothed")

    def finish(candidate: Candidate) -> Candidate:
        return replace(candidate, notes=(*candidate.notes, "Seen."))

    host = FakeHost(plugin("safe", atelier_prepare_generation=prepare, atelier_finish_generation=finish))
    assert host.prepare(PlannedGeneration("1", "t", "a man", "")).prompt == "a man, clothed"
    assert host.finish(Candidate("1", "t", 0, 7, None)).notes == ("Seen.",)


def test_a_hook_that_there_is_not_is_refused() -> None:
    with pytest.raises(pluggy.PluginValidationError, match="atelier_preset"):
        FakeHost(plugin("typo", atelier_preset=lambda: ()))


def test_a_parameter_that_there_is_not_is_refused() -> None:
    with pytest.raises(pluggy.PluginValidationError, match="request"):
        FakeHost(plugin("wrong", atelier_admit=lambda request: request))
