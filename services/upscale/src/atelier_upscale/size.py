"""How large a picture becomes, and in how many passes of a network it gets there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from atelier_sdk.errors import FieldViolation, ImageTooLargeError

if TYPE_CHECKING:
    from collections.abc import Mapping

TARGETS: Final[Mapping[str, int]] = {"2K": 2048, "4K": 3840}
"""Long edge in pixels of the sizes that have a name."""
DEFAULT_SCALE: Final = 2.0
MAX_RESULT_PIXELS: Final = 8192 * 8192
MAX_RESULT_SIDE_PIXELS: Final = 16384
# What a network gives at most. A name may ask for more of a small picture, and the rest is interpolated: a second pass
# would draw over drawings, and came no nearer to the truth where that was known (decision 0076).
_LARGEST_FACTOR: Final = 4.0


@dataclass(frozen=True, slots=True)
class SizeAsk:
    """How far: a named target or a scale, at most one; `force` works on a picture that is large enough already."""

    target: str | None = None
    scale: float | None = None
    force: bool = False


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height in pixels."""

    width: int
    height: int

    @property
    def pixels(self) -> int:
        """Return width times height."""
        return self.width * self.height

    @property
    def long_edge(self) -> int:
        """Return the longer of the two."""
        return max(self.width, self.height)

    def times(self, ratio: float) -> Size:
        """Return the size scaled and rounded; at least one pixel on a side."""
        return Size(max(1, round(self.width * ratio)), max(1, round(self.height * ratio)))


@dataclass(frozen=True, slots=True)
class SizePlan:
    """The size that a network makes, None where none is to run, and the result's, to which that may be interpolated."""

    drawn: Size | None
    result: Size
    notes: tuple[str, ...] = ()


def plan_size(size: Size, ask: SizeAsk, *, works: bool = False, factor: float = _LARGEST_FACTOR) -> SizePlan:
    """Work out the sizes.

    `works` says that something is done to a picture even where it keeps its size. `factor` is what the network gives at
    most.

    Raises ImageTooLargeError with every limit that the result would break.
    """
    ratio, notes = _ratio(size, ask)
    result = size.times(ratio)
    _refuse(result)
    if result == size:
        is_worked_on = ask.force or (works and not notes)
        return SizePlan(size if is_worked_on else None, size, notes)
    if ratio <= factor:
        return SizePlan(result, result, notes)
    further = f"Beyond {factor:g} times, the last {ratio / factor:.1f} are interpolated."
    return SizePlan(size.times(factor), result, (*notes, further))


def _ratio(size: Size, ask: SizeAsk) -> tuple[float, tuple[str, ...]]:
    """Return width over width, and what is to be said of it."""
    if ask.target is None:
        return (DEFAULT_SCALE if ask.scale is None else ask.scale), ()
    wanted = TARGETS[ask.target]
    if size.long_edge < wanted:
        return wanted / size.long_edge, ()
    kept = "it is worked on and keeps its size" if ask.force else "it is given back as it is"
    return 1.0, (f"The picture's long edge has {size.long_edge} pixels, {ask.target} has {wanted}: {kept}.",)


def _refuse(result: Size) -> None:
    broken = []
    if result.pixels > MAX_RESULT_PIXELS:
        broken.append(f"{result.pixels} pixels, and at most {MAX_RESULT_PIXELS} are made")
    if result.long_edge > MAX_RESULT_SIDE_PIXELS:
        broken.append(f"{result.long_edge} pixels on a side, and at most {MAX_RESULT_SIDE_PIXELS} are made")
    if broken:
        raise ImageTooLargeError(
            f"The result would be {result.width} x {result.height}: {'; '.join(broken)}.",
            metadata={
                "width": str(result.width),
                "height": str(result.height),
                "max_pixels": str(MAX_RESULT_PIXELS),
                "max_side_pixels": str(MAX_RESULT_SIDE_PIXELS),
            },
            violations=tuple(FieldViolation("upscaling.size", f"the result would have {each}") for each in broken),
        )
