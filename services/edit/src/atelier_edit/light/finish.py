"""How skin mirrors light: matt as powdered, as it is, or moist."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from atelier_sdk.errors import FieldViolation, PresetUnknownError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Finish:
    """How much skin mirrors of a key of 1 at the highlight's middle, and how narrow the highlight is (Phong's power).

    The picture's own highlights stay where they are, under the new light.
    """

    description: str
    strength: float
    power: float


FINISHES: Final[Mapping[str, Finish]] = {
    "matte": Finish("Powdered skin: hardly a highlight.", 0.0, 12.0),
    "natural": Finish("Skin as it is: soft highlights on forehead, nose and cheekbones.", 0.05, 18.0),
    "dewy": Finish("Moist skin: clear, small highlights.", 0.16, 42.0),
}
DEFAULT_FINISH: Final = "natural"


def check_finish(name: str | None) -> None:
    """Look a finish up by name.

    Raises PresetUnknownError.
    """
    if name and name not in FINISHES:
        message = f"there is no finish {name!r}; there are {', '.join(FINISHES)}"
        raise PresetUnknownError(
            message,
            metadata={"kind": "finish", "name": name, "nearest": ", ".join(FINISHES)},
            violations=(FieldViolation("relighting.finish", message),),
        )
