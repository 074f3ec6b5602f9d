"""What a plugin author imports: hooks, types and errors."""

from atelier_sdk.api import API_VERSION
from atelier_sdk.calls import CallInfo, Refusal
from atelier_sdk.capability import Capability, Limits, Resources
from atelier_sdk.errors import AtelierError, FieldViolation, PolicyRefusedError
from atelier_sdk.generation import Candidate, PlannedGeneration
from atelier_sdk.markers import hookimpl
from atelier_sdk.measure import MeasureSource, Reading, View
from atelier_sdk.model_source import ModelSource
from atelier_sdk.preset import Preset
from atelier_sdk.vocabulary import Phrase

__all__ = [
    "API_VERSION",
    "AtelierError",
    "CallInfo",
    "Candidate",
    "Capability",
    "FieldViolation",
    "Limits",
    "MeasureSource",
    "ModelSource",
    "Phrase",
    "PlannedGeneration",
    "PolicyRefusedError",
    "Preset",
    "Reading",
    "Refusal",
    "Resources",
    "View",
    "hookimpl",
]
