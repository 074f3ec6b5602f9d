"""A person's form on a small grid: normals and heights of face, hair, neck and shoulders, joined to one surface.

The face is the fitted mesh (`face`); everything else is the person's silhouette blown up (`body`). Directions have x to
the picture's right, y upwards and z towards the lens; lengths are in units of the distance between the pupils.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from atelier_imaging.faceframe import unit_pixels
from atelier_imaging.guided import step
from atelier_imaging.region import Region

from atelier_edit.form.body import blown_up, head_of, joined_height, joined_normals, openness_of
from atelier_edit.form.face import face_surface
from atelier_edit.form.field import grid_over, normals_of, sampled

if TYPE_CHECKING:
    from atelier_imaging.face import Face
    from atelier_imaging.portrait import Portrait
    from atelier_imaging.warp.grid import Grid
    from atelier_imaging.warp.mesh import Raster
    from numpy.typing import NDArray

# Between two people light fades out over this many pupil distances; a body lies below its face.
_BETWEEN: Final = 0.6
_DOWNWARDS: Final = 0.4


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """A surface seen by the lens, on a grid of (h, w) nodes.

    `normals` (h, w, 3) are of length one; `height` (h, w) grows towards the lens. `person`, `face`, `skin`, `hair` and
    `openings` (of eyes and mouth) are masks, 0..1; `own` is 0 on what belongs to somebody else in the picture; `throws`
    is 1 on the head, which throws shadows. `unit` is the distance of the pupils in nodes. `points` (468, 3) are the
    face's mesh, places in nodes and heights in units; `raster` draws values of its points. `openness` (h, w), 0..1, is
    how much of the room a node sees: little under the jaw and in the corners of the eyes.
    """

    grid: Grid
    unit: float
    normals: NDArray[np.float32]
    height: NDArray[np.float32]
    openness: NDArray[np.float32]
    person: NDArray[np.float32]
    own: NDArray[np.float32]
    throws: NDArray[np.float32]
    face: NDArray[np.float32]
    skin: NDArray[np.float32]
    hair: NDArray[np.float32]
    openings: NDArray[np.float32]
    points: NDArray[np.float32]
    raster: Raster


def form_of(portrait: Portrait, face: Face) -> Form:
    """Model the person whose face it is."""
    grid = grid_over(portrait, face)
    person = sampled(portrait.mask(Region.PERSON), grid)
    skin, all_hair = (sampled(portrait.mask(region, face), grid) for region in (Region.SKIN, Region.HAIR))
    surface = face_surface(face, grid)
    hair = np.asarray(all_hair * (1 - surface.share * skin), np.float32)
    body = blown_up(person, surface)
    height = joined_height(body, all_hair, surface)
    return Form(
        grid=grid,
        unit=surface.unit,
        normals=joined_normals(normals_of(body, surface.unit), hair, surface),
        height=height,
        openness=openness_of(height, person, surface.unit),
        person=person,
        own=_own(portrait, face, grid),
        throws=head_of(person, surface),
        face=surface.share,
        skin=skin,
        hair=hair,
        openings=surface.openings,
        points=surface.points,
        raster=surface.raster,
    )


def _own(portrait: Portrait, face: Face, grid: Grid) -> NDArray[np.float32]:
    """Return 1 where this person is nearest, 0 where another is, (h, w), by distances in faces."""
    nodes = grid.nodes()

    def distance(other: Face) -> NDArray[np.float32]:
        away = (nodes - other.mesh[1, :2]) / unit_pixels(other)
        return np.asarray(np.hypot(away[..., 0], _DOWNWARDS * away[..., 1]), np.float32)

    own = np.ones(grid.shape, np.float32)
    for other in portrait.faces:
        if other.index != face.index:
            nearer = (distance(other) - distance(face)) / _BETWEEN
            np.minimum(own, step(np.asarray(nearer, np.float32), 0, 1), out=own)
    return own
