"""What a backend cannot honour, and which other service can do it to the finished portrait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atelier.v1 import generate_pb2

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


def remedies(request: generate_pb2.Generation, composed: generate_pb2.ComposedPrompt, brief: Brief) -> Iterator[str]:
    """Say what other services can do for each field that the backend ignores, each remedy once."""
    ignored = [one.field for one in composed.interpretations if one.kind == generate_pb2.INTERPRETATION_KIND_IGNORED]
    size = request.direction.composition.size or "2K"
    for path, remedy in _REMEDIES.items():
        fields = [name for name in ignored if name == path or name.startswith(f"{path}.")]
        if fields:
            said = remedy.format(pattern=brief.light.pattern or _ANY_PATTERN, size=size)
            yield f"Not honoured: {', '.join(fields)}; {said}."
