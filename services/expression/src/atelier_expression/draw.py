"""Draw the moved face: skin through its flow, what it uncovers behind it, and the eyes between their lids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.warp.backdrop import resample_person
from atelier_imaging.warp.resample import enlarged, resample

from atelier_expression.eyeball import Eyeball, eyeball

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_imaging.vips import Pixels
    from numpy.typing import NDArray

    from atelier_expression.scene import Scene

# Hair that the person's mask does not know is within this distance of it, in the head's units.
LOOSE_HAIR: Final = 0.07


def draw(
    pixels: Pixels,
    scene: Scene,
    person: NDArray[np.float32] | None = None,
    check: Callable[[], None] = lambda: None,
    kernel: int = cv2.INTER_LANCZOS4,
) -> Pixels:
    """Draw a scene over its picture, pixels (H, W, 3), uint8 or uint16: every pixel is one resampling of the source.

    `person` is the mask (H, W), 0..1, of who moves; without it what is behind moves along, as suits a face that keeps
    its place or a quick look, for which `kernel` may be a plainer one of OpenCV's. `check` is called now and then and
    may raise.
    """
    if person is None:
        drawn = resample(pixels, scene.flow, check, kernel)
    else:
        drawn = resample_person(pixels, scene.flow, person, LOOSE_HAIR * scene.frame.scale, check)
    for side, wanted in enumerate(scene.movement.eyes):
        ball = eyeball(pixels, scene.face.mesh, side) if wanted else None
        if ball is not None:
            check()
            _draw_eye(drawn, scene, ball, scene.shifts[side])
    return drawn


def _draw_eye(drawn: Pixels, scene: Scene, ball: Eyeball, shift: NDArray[np.float32]) -> None:
    """Draw an eye where its lids are now, into the picture."""
    part = _part(scene, ball, drawn.shape[:2])
    rows, columns = part
    own = np.stack(
        np.meshgrid(np.arange(columns.start, columns.stop), np.arange(rows.start, rows.stop)), axis=-1
    ).astype(np.float32)
    share = ball.opening(own + enlarged(scene.flow.offset, scene.flow.grid, part))[..., None]
    seen = ball.looking(own + enlarged(scene.head.offset, scene.head.grid, part), shift)
    under = drawn[part].astype(np.float32)
    mixed = under + share * (seen - under)
    np.copyto(drawn[part], np.clip(mixed + 0.5, 0, np.iinfo(drawn.dtype).max).astype(drawn.dtype), where=share > 0)


def _part(scene: Scene, ball: Eyeball, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Return the part of the picture to which an eye's box went, with some room."""
    rows, columns = ball.box
    middle = np.array([[[(columns.start + columns.stop) / 2, (rows.start + rows.stop) / 2]]], np.float32)
    # Where the eye's middle went to: against the offset that is found there.
    place = middle
    for _ in range(4):
        place = middle - scene.head.offsets_at(place)
    x, y = (float(value) for value in (place - middle)[0, 0])
    room = 0.15 * (columns.stop - columns.start)
    top, bottom = max(0, int(rows.start + y - room)), min(shape[0], int(rows.stop + y + room) + 1)
    left, right = max(0, int(columns.start + x - room)), min(shape[1], int(columns.stop + x + room) + 1)
    return slice(top, max(top, bottom)), slice(left, max(left, right))
