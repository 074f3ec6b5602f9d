"""What a backend cannot honour, and which other service can do it to the finished portrait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atelier.v1 import generate_pb2

from atelier_generate.director.briefing import patterns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atelier_generate.brief import Brief

_REMEDIES: Final = {
    "lighting": "light can be thrown afterwards: `atelier relight IN -o OUT --pattern {pattern}`",
    "grade": "colour can be graded afterwards: `atelier style IN -o OUT --grade NAME`",
    "expression": "the expression can be changed afterwards: `atelier expression IN -o OUT --smile 0.5`",
    "pose": "the head can be turned afterwards: `atelier expression IN -o OUT --yaw 8`",
    "skin": "the skin's detail can be changed afterwards: `atelier enhance IN -o OUT --skin-detail 60`",
    "composition.size": "the portrait can be enlarged afterwards: `atelier upscale IN -o OUT --target {size}`",
}
_ANY_PATTERN: Final = "rembrandt"
_PARTS: Final = {"lighting.elevation_degrees": "the key's height", "lighting.softness": "its softness"}


def remedies(
    request: generate_pb2.Generation, composed: generate_pb2.ComposedPrompt, brief: Brief, honours: frozenset[str]
) -> Iterator[str]:
    """Say what other services can do for each field that the backend ignores, each remedy once.

    `honours` are the backend's fields. A pattern of light that it draws in part has a remedy for the rest.
    """
    ignored = [one.field for one in composed.interpretations if one.kind == generate_pb2.INTERPRETATION_KIND_IGNORED]
    size = request.direction.composition.size or "2K"
    for path, remedy in _REMEDIES.items():
        fields = [name for name in ignored if name == path or name.startswith(f"{path}.")]
        if fields:
            said = remedy.format(pattern=brief.light.pattern or _ANY_PATTERN, size=size)
            yield f"Not honoured: {', '.join(fields)}; {said}."
        elif path == "lighting" and brief.light.pattern in patterns() and (lacking := _PARTS.keys() - honours):
            parts = " and ".join(_PARTS[part] for part in sorted(lacking))
            said = remedy.format(pattern=brief.light.pattern)
            yield f"Of the light's pattern {brief.light.pattern}, {parts} are not drawn; {said}."
