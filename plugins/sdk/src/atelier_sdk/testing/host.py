"""A host for unit tests of hooks: it calls a plugin as gateway and services do, without any of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

from atelier_sdk import hookspecs
from atelier_sdk.calls import CallInfo
from atelier_sdk.markers import PROJECT
from atelier_sdk.measure import View

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atelier_sdk.calls import Refusal
    from atelier_sdk.capability import Capability
    from atelier_sdk.generation import Candidate, PlannedGeneration
    from atelier_sdk.measure import Reading
    from atelier_sdk.model_source import ModelSource
    from atelier_sdk.preset import Preset
    from atelier_sdk.vocabulary import Phrase

CALL = CallInfo(
    request_id="5a0d4c0e-6f3e-4a66-9d0c-2d1b7c1f3a10",
    tenant="somebody",
    capability="style",
    service="atelier.v1.StyleService",
    method="Grade",
    deadline_seconds=60.0,
)
"""A call like any other."""


class FakeHost:
    """Calls the hooks of plugin modules, in the order of their names, as gateway and services do.

    There is no time limit, and what a hook raises comes out, so that a test sees it.
    """

    def __init__(self, *plugins: object) -> None:
        """Register them. Raises pluggy.PluginValidationError for a hook or a parameter that there is none of."""
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(hookspecs)
        for plugin in sorted(plugins, key=_name):
            self._manager.register(plugin, _name(plugin))
        self._manager.check_pending()

    def models(self) -> list[ModelSource]:
        """Return what the plugins register as models."""
        return self._registered("atelier_models")

    def capabilities(self) -> list[Capability]:
        """Return what the plugins register as capabilities."""
        return self._registered("atelier_capabilities")

    def presets(self) -> list[Preset]:
        """Return what the plugins register as presets."""
        return self._registered("atelier_presets")

    def vocabulary(self) -> list[Phrase]:
        """Return what the plugins register as words."""
        return self._registered("atelier_vocabulary")

    def readings(self, result: object, source: object = None) -> list[Reading]:
        """Take every registered measure of a result, an `atelier_imaging.portrait.Portrait`."""
        view = View(result, source)
        return [reading for measure in self._registered("atelier_measures") for reading in measure.take(view)]

    def admit(self, call: CallInfo = CALL) -> Refusal | None:
        """Ask whether a call is let in; the first refusal counts."""
        answers = (_told(each, call=call) for each in self._implementations("atelier_admit"))
        return next((refusal for refusal in answers if refusal is not None), None)

    def decorate(self, headers: Mapping[str, str], call: CallInfo = CALL) -> Mapping[str, str]:
        """Return what becomes of a response's headers."""
        for each in self._implementations("atelier_decorate"):
            headers = _told(each, call=call, headers=headers)
        return headers

    def prepare(self, generation: PlannedGeneration) -> PlannedGeneration:
        """Return what becomes of a generation before it is drawn."""
        for each in self._implementations("atelier_prepare_generation"):
            generation = _told(each, generation=generation)
        return generation

    def finish(self, candidate: Candidate) -> Candidate:
        """Return what becomes of a candidate that was drawn."""
        for each in self._implementations("atelier_finish_generation"):
            candidate = _told(each, candidate=candidate)
        return candidate

    def _registered(self, hook: str) -> list[Any]:
        return [one for each in self._implementations(hook) for one in _told(each) or ()]

    def _implementations(self, hook: str) -> list[pluggy.HookImpl]:
        return sorted(getattr(self._manager.hook, hook).get_hookimpls(), key=lambda each: each.plugin_name)


def _told(implementation: pluggy.HookImpl, **arguments: object) -> Any:
    """Call an implementation with those of the arguments that it takes."""
    return implementation.function(**{name: arguments[name] for name in implementation.argnames})


def _name(plugin: object) -> str:
    return str(getattr(plugin, "__name__", type(plugin).__name__))
