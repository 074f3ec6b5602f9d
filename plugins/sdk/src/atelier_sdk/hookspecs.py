"""The hooks by which Atelier is extended, in the order they are called.

A plugin implements a hook by a function of the same name, marked with `atelier_sdk.hookimpl`, in a module that the
entry point group `atelier` names; it may leave out parameters that it does not need. The module says by
`atelier_api = "1.0"` for which plugin API it was written.

Register hooks are asked once, when a process starts, and their answers put together. Transform hooks are asked for each
call, one plugin after the other in the alphabetical order of their names, each given what the one before made of it.
Every hook runs in a thread of its own within a time, ten seconds for a register hook and one for a transform hook; one
that takes longer counts as one that raised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from atelier_sdk.markers import register, transform

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from atelier_sdk.calls import CallInfo, Refusal
    from atelier_sdk.capability import Capability
    from atelier_sdk.generation import Candidate, PlannedGeneration
    from atelier_sdk.measure import MeasureSource
    from atelier_sdk.model_source import ModelSource
    from atelier_sdk.preset import Preset
    from atelier_sdk.vocabulary import Phrase


@register
def atelier_models() -> Iterable[ModelSource]:  # type: ignore[empty-body]
    """Register models that capabilities of the plugin need.

    Called once in each process that installs or lists models, such as `atelier models` and `atelier up`. The answer's
    entries are added to the model catalogue; a file that breaks its format, or names what is there already, is left
    out as a whole, and the log says so. An exception leaves the plugin out, and is reported.
    """


@register
def atelier_capabilities() -> Iterable[Capability]:  # type: ignore[empty-body]
    """Register capabilities.

    Called once, when the gateway or the local stack starts. The answer's capabilities are added to those of all other
    plugins. A plugin is refused as a whole, and reported, when one of its capabilities has the name or the gRPC service
    of an earlier plugin's (the built-in one comes first, then the alphabet), limits that cannot be kept, or descriptors
    that are not complete. An exception leaves the plugin out, and is reported.
    """


@register
def atelier_presets() -> Iterable[Preset]:  # type: ignore[empty-body]
    """Register presets.

    Called once, when a capability's process starts. The answer's presets are offered by the generate service beside
    its own; one whose name is taken, or whose values no field takes, is left out, and the log says so. An exception
    leaves the plugin out, and is reported.
    """


@register
def atelier_vocabulary() -> Iterable[Phrase]:  # type: ignore[empty-body]
    """Register words of the prompt director.

    Called once, when a capability's process starts. The answer's phrases are understood by the generate service beside
    its own; one whose value its field does not take is left out, and the log says so. An exception leaves the plugin
    out, and is reported.
    """


@register
def atelier_measures() -> Iterable[MeasureSource]:  # type: ignore[empty-body]
    """Register measures.

    Called once, when a capability's process starts. The answer's measures are taken of each result whose caller asks
    for them by name, and `realism` of every candidate of a generation; they stand in the report. Of two measures of one
    name the first is taken. An exception leaves the plugin out; in `take` it makes the measure NOT_MEASURABLE. Both are
    reported.
    """


@transform
def atelier_admit(call: CallInfo) -> Refusal | None:
    """Let a call in, or refuse it.

    Called in the gateway for every call of a capability, before its message is read. The answer None lets the call go
    on to the next plugin; the first refusal ends it, with its reason. An exception refuses the call with
    POLICY_FAILED: a policy that fails never admits.

    `call` is what is known of the call.
    """


@transform
def atelier_decorate(call: CallInfo, headers: Mapping[str, str]) -> Mapping[str, str]:  # type: ignore[empty-body]
    """Decorate a response.

    Called in the gateway once for each call that is answered, before the first byte goes out. The answer takes the
    place of the headers, and is given to the next plugin. An exception leaves the headers as they were, and is
    reported.

    `call` is what is known of the call; `headers` are the response's own text headers by their lower-case names, those
    that the gateway and gRPC set left out.
    """


@transform
def atelier_prepare_generation(generation: PlannedGeneration) -> PlannedGeneration:  # type: ignore[empty-body]
    """Judge and change what is about to be drawn.

    Called in the generate service once for each call, after the prompt is composed and before anything is drawn. The
    answer takes the generation's place, and is given to the next plugin. An exception ends the call: a
    `PolicyRefusedError` with its own words, anything else with POLICY_FAILED.

    `generation` is what is to be drawn.
    """


@transform
def atelier_finish_generation(candidate: Candidate) -> Candidate:  # type: ignore[empty-body]
    """Judge and change what was drawn.

    Called in the generate service once for each candidate, before it is measured, written and shown. The answer takes
    the candidate's place, and is given to the next plugin. An exception ends the call: a `PolicyRefusedError` with its
    own words, anything else with POLICY_FAILED.

    `candidate` is what was drawn.
    """
