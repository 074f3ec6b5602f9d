"""The serving shell of a capability: health, settings, errors, model client."""
