"""What plugins do inside a service: measures of results, and the safety of generations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from atelier_imaging.face import Box
from atelier_imaging.measures import Measure, Verdict, not_measurable
from atelier_sdk.errors import FieldOutOfRangeError, FieldViolation, PolicyRefusedError
from atelier_sdk.host import HookFailedError, PluginHost, policy_failed
from atelier_sdk.measure import MeasureSource, Reading, View
from atelier_sdk.preset import Preset
from atelier_sdk.vocabulary import Phrase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atelier_imaging.portrait import Portrait
    from atelier_sdk.generation import Candidate, PlannedGeneration
    from atelier_sdk.plugin import Plugin

Subject = TypeVar("Subject", "PlannedGeneration", "Candidate")

_TAKE_SECONDS: Final = 20.0


class Plugins:
    """The plugins of one service's process. Without a host there are none.

    `presets` and `vocabulary` are those of all plugins, for whoever offers and understands them.
    """

    def __init__(self, host: PluginHost | None = None) -> None:
        self._host = host or PluginHost()
        self._sources: dict[str, tuple[Plugin, MeasureSource]] = {}
        for plugin, source in self._host.collect("atelier_measures", MeasureSource):
            self._sources.setdefault(source.name, (plugin, source))
        self.presets = tuple(preset for _, preset in self._host.collect("atelier_presets", Preset))
        self.vocabulary = tuple(phrase for _, phrase in self._host.collect("atelier_vocabulary", Phrase))

    @property
    def measures(self) -> tuple[str, ...]:
        """Return the names of the measures that can be asked for."""
        return tuple(sorted(self._sources))

    @property
    def judges_candidates(self) -> bool:
        """Say whether a plugin judges what was drawn, so that nothing may be shown before."""
        hook = "atelier_finish_generation"
        return bool(self._host.users(hook)) or self._host.lacking(hook) is not None

    def check_measures(self, names: Sequence[str]) -> None:
        """Refuse names of measures that no plugin brings. Raises FieldOutOfRangeError with all of them."""
        known = ", ".join(self.measures) or "none"
        wrong = tuple(
            FieldViolation(f"output.measures[{index}]", f"is no measure of a plugin; there are: {known}")
            for index, name in enumerate(names)
            if name not in self._sources
        )
        if wrong:
            raise FieldOutOfRangeError(
                f"Nobody takes {len(wrong)} of the measures that are asked for.", violations=wrong
            )

    def take(
        self, names: Sequence[str], result: Portrait, source: Portrait | None, *, seconds: float
    ) -> tuple[Measure, ...]:
        """Take measures of a result within a time; one whose plugin fails is NOT_MEASURABLE."""
        view, limit = View(result, source), min(seconds, _TAKE_SECONDS)
        return tuple(measure for name in dict.fromkeys(names) for measure in self._taken(name, view, limit))

    def prepare(self, generation: PlannedGeneration) -> PlannedGeneration:
        """Let every plugin judge and change what is about to be drawn.

        Raises PolicyRefusedError in the words of the plugin that refuses, PolicyFailedError where one fails.
        """
        return self._judged("atelier_prepare_generation", "generation", generation)

    def finish(self, candidate: Candidate) -> Candidate:
        """Let every plugin judge and change what was drawn. Raises as `prepare`."""
        return self._judged("atelier_finish_generation", "candidate", candidate)

    def _taken(self, name: str, view: View, seconds: float) -> list[Measure]:
        plugin, source = self._sources[name]
        try:
            readings = self._host.run(plugin, f"the measure {name}", lambda: list(source.take(view)), seconds)
            return [_measure(reading) for reading in readings]
        except (HookFailedError, TypeError, KeyError, AttributeError):
            return [not_measurable(name, "", None, f"The plugin {plugin} could not take it.")]

    def _judged(self, hook: str, parameter: str, subject: Subject) -> Subject:
        lacking = self._host.lacking(hook)
        if lacking is not None:
            raise policy_failed(lacking)
        try:
            return self._host.fold(hook, parameter, subject)
        except HookFailedError as failed:
            if isinstance(failed.__cause__, PolicyRefusedError):
                raise _with_plugin(failed.__cause__, failed.plugin) from None
            raise policy_failed(failed.plugin) from failed


def _with_plugin(refusal: PolicyRefusedError, plugin: Plugin) -> PolicyRefusedError:
    refusal.metadata.setdefault("plugin", plugin.name)
    return refusal


def _measure(reading: Reading) -> Measure:
    if reading.value is None:
        return not_measurable(reading.name, reading.unit, None, reading.explanation)
    return Measure(
        name=reading.name,
        value=float(reading.value),
        unit=reading.unit,
        minimum=reading.minimum,
        maximum=reading.maximum,
        verdict=Verdict[reading.verdict.upper()],
        region=None,
        box=Box(*reading.box) if reading.box else None,
        explanation=reading.explanation,
    )
