"""How like its source an edit still is, and how strong an edit may be to stay so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from atelier_imaging.identity import Resemblance
from atelier_imaging.measures.identity import identity_similarity, resemblance_measure
from atelier_imaging.portrait import Portrait
from atelier_sdk.errors import IdentityBelowFloorError, NoFaceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_imaging.face import Face
    from atelier_imaging.measures import Gate, Measure
    from atelier_imaging.picture import Picture

    from atelier_service.call import Call

# Halvings of the share of strength: it is found to 1/64.
_ROUNDS: Final = 6


class Likeness:
    """Hold the edits of one face against it. `floor` is the lowest similarity that is accepted; 0 accepts any."""

    def __init__(self, call: Call, portrait: Portrait, face: Face | None, floor: float) -> None:
        self._call, self._portrait, self._face, self.floor = call, portrait, face, floor
        self._resemblance: Resemblance | None = None

    def measure(self, edited: Picture | Portrait, gate: Gate | None) -> Measure:
        """Measure an edit; without a floor, what cannot be measured is NOT_MEASURABLE.

        Raises IdentityBelowFloorError below the floor; where one is asked for and nothing can be measured, what keeps
        it from being measured: NoFaceError, FaceTooSmallError or ModelNotInstalledError.
        """
        call = self._call
        if self.floor <= 0:
            return identity_similarity(self._portrait, self._face, edited, call.models, gate, call.encoder)
        measure = resemblance_measure(self._required(), edited, gate)
        if measure.value is None or measure.value < self.floor:
            raise below_floor(measure.value or 0.0, self.floor)
        return measure

    def strongest(self, render: Callable[[float], Picture], *, moves: bool) -> tuple[Picture, float]:
        """Return the strongest edit that keeps the floor, and its share of the strength that was asked for.

        `render` makes the edit at a share from 0, which leaves the picture as it is, to 1; `moves` says that it moves
        the face, which is then found anew in each. Raises as `measure`.
        """
        picture = render(1.0)
        if self._keeps(picture, moves=moves):
            return picture, 1.0
        kept, low, high = None, 0.0, 1.0
        for _ in range(_ROUNDS):
            self._call.check()
            share = (low + high) / 2
            candidate = render(share)
            if self._keeps(candidate, moves=moves):
                kept, low = candidate, share
            else:
                high = share
        return (kept, low) if kept is not None else (render(0.0), 0.0)

    def _keeps(self, picture: Picture, *, moves: bool) -> bool:
        edited = Portrait(picture, self._call.models) if moves else picture
        try:
            return self._required().similarity(edited) >= self.floor
        except NoFaceError:
            return False

    def _required(self) -> Resemblance:
        if self._face is None:
            raise no_face_to_keep()
        if self._resemblance is None:
            call = self._call
            self._resemblance = Resemblance(self._portrait.picture, self._face, call.models, call.encoder)
        return self._resemblance


def mixed(source: Picture, edited: Picture, share: float) -> Picture:
    """Return a share, 0 to 1, of an edit that keeps the source's framing, mixed as the pixels are encoded."""
    if share >= 1.0:
        return edited
    before = source.pixels.astype(np.float32)
    pixels = before + np.float32(share) * (edited.pixels.astype(np.float32) - before)
    return edited.with_pixels(np.rint(pixels).astype(edited.pixels.dtype))


def no_face_to_keep() -> NoFaceError:
    """Say that an identity floor needs a face."""
    return NoFaceError(
        "An identity floor needs a face, and the picture has none; leave identity_floor out.",
        metadata={"field": "identity_floor"},
    )


def below_floor(similarity: float, floor: float) -> IdentityBelowFloorError:
    """Say that an edit would not be the same person closely enough."""
    return IdentityBelowFloorError(
        f"The similarity to the source would be {similarity:.3f}; at least {floor:g} is asked for. Ask for less "
        "strength, or for a lower floor.",
        metadata={"similarity": f"{similarity:.3f}", "floor": f"{floor:g}"},
    )
