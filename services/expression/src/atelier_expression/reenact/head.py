"""Turn a head by the network, and give it back its own pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.analysis import follow
from atelier_imaging.graft.graft import Purpose, graft
from atelier_imaging.guided import step
from atelier_imaging.region import Region

from atelier_expression.reenact.motion import Motion
from atelier_expression.turn import Turn

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_imaging.face import Face
    from atelier_imaging.models import ModelRunner
    from atelier_imaging.picture import Picture
    from atelier_imaging.portrait import Portrait
    from atelier_imaging.vips import Pixels
    from numpy.typing import NDArray

    from atelier_expression.reenact.parts import Parts

# The square that the network sees: its side over the face's longer one, and how far above the face's middle it lies.
_SIDE: Final = 2.3
_LIFT: Final = 0.125
# The edit fades out over this share of the square, towards its sides.
_FADE: Final = 0.12
# Closer than this in degrees a turn has arrived; a further try is worth one run of two of the parts.
_ARRIVED: Final = 2.0
_MOST_GAIN: Final = 2.0
_COMPLETE: Final = 1.0


def turn_head(
    portrait: Portrait,
    face: Face,
    turn: Turn,
    parts: Parts,
    models: ModelRunner,
    check: Callable[[], None] = lambda: None,
) -> Picture:
    """Return the portrait's picture with a head turned by the reenactment network.

    The network draws the square around the head at its own size. What is taken of it is where things are and how
    bright they are there, in coarse; the pixels, moved, are the source's own (`graft`). The turn is measured on what
    was drawn and corrected once, in size and in sense. `check` is called before each part and may raise.
    """
    picture = portrait.picture
    rows, columns = square(face, picture.pixels.shape[:2])
    source = np.ascontiguousarray(picture.pixels[rows, columns])
    drawn = _draw(source, face, (rows.start, columns.start), turn, parts, models, check)
    check()
    mask = _faded(portrait.mask(Region.PERSON)[rows, columns])
    skin = portrait.mask(Region.SKIN, face)[rows, columns]
    grafted = graft(source, drawn, mask, skin, picture.space, Purpose(light=True, geometry=True))
    pixels = picture.pixels.copy()
    pixels[rows, columns] = grafted.pixels
    return picture.with_pixels(pixels)


def square(face: Face, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Return the square part of a picture of (height, width) around a head, moved and reduced to lie within it."""
    box = face.box
    side = int(min(_SIDE * max(box.width, box.height), *shape[:2]))
    middle = (box.top + box.height / 2 - _LIFT * side, box.left + box.width / 2)
    starts = [int(min(max(at - side / 2, 0), limit - side)) for at, limit in zip(middle, shape, strict=False)]
    return slice(starts[0], starts[0] + side), slice(starts[1], starts[1] + side)


def _draw(
    source: Pixels,
    face: Face,
    origin: tuple[int, int],
    turn: Turn,
    parts: Parts,
    models: ModelRunner,
    check: Callable[[], None],
) -> Pixels:
    """Let the network draw the square with the head turned, uint8, until the turn measures what was asked."""
    small = cv2.resize(source, (parts.side, parts.side), interpolation=cv2.INTER_AREA)
    image = np.asarray(small, np.float32).transpose(2, 0, 1)[None] / np.float32(np.iinfo(source.dtype).max)
    check()
    feature = parts.run("appearance", {"image": image})["feature"]
    motion = Motion.of(parts.run("motion", {"image": image}))

    def render(wanted: Turn) -> NDArray[np.uint8]:
        check()
        keypoints = {"kp_source": motion.placed(), "kp_driving": motion.placed(wanted)}
        warped = parts.run("warp", {"feature": feature, **keypoints})["warped"]
        check()
        answer = parts.run("generator", {"warped": warped})["image"][0]
        return np.asarray(np.clip(answer.transpose(1, 2, 0) * 255 + 0.5, 0, 255), np.uint8)

    drawn = render(turn)
    scale = drawn.shape[0] / source.shape[0]
    mesh = np.asarray((face.mesh - (origin[1], origin[0], 0)) * scale, np.float32)
    found = follow(drawn, mesh, models)
    return drawn if found is None else _corrected(drawn, turn, face, found, render)


def _corrected(
    drawn: Pixels, turn: Turn, face: Face, found: Face, render: Callable[[Turn], NDArray[np.uint8]]
) -> Pixels:
    """Draw once more with each angle corrected by what it came to, where one is off."""
    wanted = (turn.pitch_degrees, turn.yaw_degrees, turn.roll_degrees)
    was, now = face.pose, found.pose
    came = (
        now.pitch_degrees - was.pitch_degrees,
        now.yaw_degrees - was.yaw_degrees,
        now.roll_degrees - was.roll_degrees,
    )
    if all(abs(asked - got) <= _ARRIVED for asked, got in zip(wanted, came, strict=True)):
        return drawn
    gains = [
        float(np.clip(asked / got, -_MOST_GAIN, _MOST_GAIN)) if abs(got) > _COMPLETE else _COMPLETE
        for asked, got in zip(wanted, came, strict=True)
    ]
    return render(Turn(*(gain * asked for gain, asked in zip(gains, wanted, strict=True))))


def _faded(person: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a mask of the square, 1 around the person and 0 at its sides."""
    near = cv2.dilate(person, np.ones((9, 9)))
    edges = [np.minimum(np.arange(n) + 0.5, n - 0.5 - np.arange(n)) / (_FADE * n) for n in person.shape]
    fade = np.minimum(edges[0][:, None], edges[1][None])
    return np.asarray(near * step(np.asarray(fade, np.float32), 0.0, 1.0), np.float32)
