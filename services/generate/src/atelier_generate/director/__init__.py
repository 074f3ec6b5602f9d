"""The prompt director: from a photographer's words and fields to prompts and figures.

text, fields, presets ──gather──> wishes ──> prompt (phrasing) | brief (briefing) | interpretations, warnings (linter)

The words, presets, offences and phrasings are data beside it (`*.toml`); plugins add words and presets.
"""

from atelier_generate.director.directing import Composed, direct, direct_prompt
from atelier_generate.director.opening import ANYBODY, People, open_fields
from atelier_generate.director.presets import Preset, own_presets, presets_with

__all__ = [
    "ANYBODY",
    "Composed",
    "People",
    "Preset",
    "direct",
    "direct_prompt",
    "open_fields",
    "own_presets",
    "presets_with",
]
