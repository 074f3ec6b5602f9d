"""Size, place and pose of the head; names as in ISO/IEC 29794-5."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atelier_imaging.face import Box
from atelier_imaging.topology import LIPS_OUTER

from atelier_inspect.measures.eyes import BOTH_EYES
from atelier_inspect.scene import Sample

if TYPE_CHECKING:
    from atelier_inspect.scene import Scene


def single_face_present(scene: Scene) -> Sample:
    """Measure the size of the second largest face over the largest one's, 0 where there is none."""
    faces = scene.whole.faces
    if len(faces) < 2:
        return Sample(0.0, scene.whole_face.box)
    second = faces[1] if scene.whole_face.index == 0 else faces[0]
    return Sample(second.interocular_pixels / scene.whole_face.interocular_pixels, second.box)


def inter_eye_distance(scene: Scene) -> Sample:
    """Measure the distance between the pupils in pixels."""
    return Sample(scene.whole_face.interocular_pixels, scene.whole_face.box)


def head_pose_yaw(scene: Scene) -> Sample:
    """Measure how far the head is turned, in degrees, either way."""
    return Sample(abs(scene.whole_face.pose.yaw_degrees), scene.whole_face.box)


def head_pose_pitch(scene: Scene) -> Sample:
    """Measure how far the head is lifted or lowered, in degrees."""
    return Sample(abs(scene.whole_face.pose.pitch_degrees), scene.whole_face.box)


def head_pose_roll(scene: Scene) -> Sample:
    """Measure how far the head is tilted, in degrees, either way."""
    return Sample(abs(scene.whole_face.pose.roll_degrees), scene.whole_face.box)


def eyes_open(scene: Scene) -> Sample:
    """Measure the opening of the eye that is open less: the distance of its lids over its width."""
    ratios = scene.whole_face.expression
    return Sample(min(ratios.left_eye_open, ratios.right_eye_open), scene.box_around(BOTH_EYES))


def mouth_closed(scene: Scene) -> Sample:
    """Measure the opening of the mouth: the distance of the inner lips over its width."""
    return Sample(scene.whole_face.expression.mouth_open, scene.box_around(LIPS_OUTER))


def head_size(scene: Scene) -> Sample:
    """Measure the height of the face, brow to chin, over that of the picture."""
    return Sample(scene.whole_face.box.height / scene.whole.picture.height, scene.whole_face.box)


def leftward_crop_of_the_face_image(scene: Scene) -> Sample:
    """Measure the room left of the face, in distances between the pupils."""
    return _room(scene, scene.whole_face.box.left, 0, 0, scene.whole_face.box.left, scene.whole.picture.height)


def rightward_crop_of_the_face_image(scene: Scene) -> Sample:
    """Measure the room right of the face, in distances between the pupils."""
    picture, edge = scene.whole.picture, scene.whole_face.box.left + scene.whole_face.box.width
    return _room(scene, picture.width - edge, edge, 0, picture.width - edge, picture.height)


def margin_above_of_the_face_image(scene: Scene) -> Sample:
    """Measure the room above the brow, in distances between the pupils."""
    return _room(scene, scene.whole_face.box.top, 0, 0, scene.whole.picture.width, scene.whole_face.box.top)


def margin_below_of_the_face_image(scene: Scene) -> Sample:
    """Measure the room below the chin, in distances between the pupils."""
    picture, edge = scene.whole.picture, scene.whole_face.box.top + scene.whole_face.box.height
    return _room(scene, picture.height - edge, 0, edge, picture.width, picture.height - edge)


def expression_neutrality(scene: Scene) -> Sample:
    """Measure how neutral the expression reads to a network, 0..1."""
    if scene.impression is None:
        return Sample(None, scene.whole_face.box, "The network that reads expressions is not installed.")
    return Sample(scene.impression.expression["neutral"], scene.whole_face.box)


def _room(scene: Scene, pixels: float, left: float, top: float, width: float, height: float) -> Sample:
    box = Box(left, top, max(width, 1.0), max(height, 1.0))
    return Sample(pixels / max(scene.whole_face.interocular_pixels, 1.0), box)
