"""Size, place and pose of the head; names as in ISO/IEC 29794-5."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atelier_imaging.face import Box

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
    return Sample(min(ratios.left_eye_open, ratios.right_eye_open), scene.whole_face.box)


def mouth_closed(scene: Scene) -> Sample:
    """Measure the opening of the mouth: the distance of the inner lips over its width."""
    return Sample(scene.whole_face.expression.mouth_open, scene.whole_face.box)


def head_size(scene: Scene) -> Sample:
    """Measure the height of the face, brow to chin, over that of the picture."""
    return Sample(scene.whole_face.box.height / scene.whole.picture.height, scene.whole_face.box)


def margins(scene: Scene) -> Sample:
    """Measure the least distance from face to edge of the picture, in distances between the pupils."""
    picture, box = scene.whole.picture, scene.whole_face.box
    right, bottom = picture.width - box.left - box.width, picture.height - box.top - box.height
    least = min(box.left, box.top, right, bottom)
    return Sample(least / max(scene.whole_face.interocular_pixels, 1.0), Box(0, 0, picture.width, picture.height))
