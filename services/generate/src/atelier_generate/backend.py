"""The one seam of this service: who draws.

servicer ──Order──> Backend.draw ──Step | Preview | Drawn──> servicer
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import numpy as np
    from atelier_imaging.models import ModelRunner
    from atelier_imaging.picture import Picture
    from numpy.typing import NDArray

    from atelier_generate.brief import Brief
    from atelier_generate.director import People


@dataclass(frozen=True, slots=True)
class Sketch:
    """One candidate that is to be drawn: it depends on nothing else, so its seed alone draws it again.

    `prompt` and `negative_prompt` are for models that read words, `brief` for those that take numbers. `seed` is 0 to
    2**64 - 1.
    """

    seed: int
    brief: Brief
    prompt: str = ""
    negative_prompt: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be drawn: one candidate for each sketch, in their order. `references` show the person to draw."""

    sketches: tuple[Sketch, ...]
    references: tuple[Picture, ...] = ()
    previews: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """So many of so many steps are done."""

    done: int
    total: int


@dataclass(frozen=True, slots=True, eq=False)
class Preview:
    """A small picture of a candidate in the making, (height, width, 3) uint8 sRGB."""

    candidate: int
    pixels: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A finished candidate, (height, width, 3) float32 sRGB-encoded, 0..1, and sentences on what was not honoured.

    `chosen` holds what the backend chose where the brief left it open, by the path of the direction's field.
    """

    candidate: int
    pixels: NDArray[np.float32]
    notes: tuple[str, ...] = ()
    chosen: Mapping[str, object] = field(default_factory=dict)


Event = Step | Preview | Drawn


class Backend(Protocol):
    """What draws portraits.

    `family` names the phrasing of prompts that it reads best. `honours` names the fields of a direction, such as
    `lens.focal_mm`, that change what it draws; `people` whom it draws where a brief leaves that open. One is made for a
    process, and used by several threads.
    """

    @property
    def name(self) -> str:
        """Return its name, as the settings and the report say it."""
        ...

    @property
    def family(self) -> str:
        """Return the family of its prompts."""
        ...

    @property
    def honours(self) -> frozenset[str]:
        """Return the paths of the fields that it honours."""
        ...

    @property
    def people(self) -> People:
        """Return whom it can draw, where a brief leaves it open."""
        ...

    @property
    def takes_references(self) -> bool:
        """Say whether portraits of a person change what it draws."""
        ...

    @property
    def made_of(self) -> Mapping[str, object]:
        """Return versions and checksums of what it draws with besides the models of the catalogue, for the record.

        Nested mappings of texts and numbers; empty where the catalogue's models are all. Loads nothing.
        """
        ...

    def draw(self, order: Order, models: ModelRunner, check: Callable[[], None]) -> Iterator[Event]:
        """Draw all candidates of an order, calling `check` between any two steps; it raises when the call is over.

        The same sketch gives the same pixels, whatever else is ordered. The models that are run between two `Drawn` are
        those of the latter. Closing the iterator stops the work.

        Raises ModelNotInstalledError with the command that installs what is missing, ModelUnusableError,
        DeviceMemoryError, what `check` and what `models.infer` raise.
        """
        ...

    def canary(self, models: ModelRunner) -> None:
        """Do one tiny real piece of work, and raise if its outcome is not what it should be.

        Raises ModelNotInstalledError where what it draws with is not installed.
        """
        ...
