"""One face at the size that it is judged at, and what was found there, each made when it is first asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.color import decode_transfer, encode_transfer, luminance
from atelier_imaging.extent import bounds
from atelier_imaging.face import Box
from atelier_imaging.faceframe import unit_pixels
from atelier_imaging.region import Region
from atelier_imaging.topology import LEFT_IRIS, RIGHT_IRIS
from atelier_sdk.errors import ModelNotInstalledError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atelier_imaging.face import Face
    from atelier_imaging.impression import Impression
    from atelier_imaging.portrait import Portrait
    from numpy.typing import NDArray

# The distance between the pupils, in pixels, that larger faces are reduced to: that of the portraits that real faces
# are known from, so that a photograph of 50 megapixels is held to the same standard.
JUDGED_INTEROCULAR: Final = 64.0
# The same, for finding where skin, hair and background are: soft masks need fewer pixels than what is measured in them.
_MASKED_INTEROCULAR: Final = 32.0
_CERTAIN: Final = 0.8
_SURELY_NOBODY: Final = 0.05
# How far what is judged reaches from the middle of the eyes: to either side, up and down, in pupil distances.
_REACH: Final = (3.6, 3.4, 5.5)
# Around points that a box shows, in pupil distances.
_MARGIN: Final = 0.08


@dataclass(frozen=True, slots=True)
class Sample:
    """What was measured: a value, or None and why not; `box` is where, in pixels of the whole picture."""

    value: float | None
    box: Box | None = None
    why: str = ""


class Scene:
    """A face (the largest unless told) of a portrait; `portrait` is cut out and reduced by `scale`, `whole` is not."""

    def __init__(self, whole: Portrait, face: Face | None = None) -> None:
        """Cut the surroundings of the face out and reduce them. Raises NoFaceError where there is none."""
        self.whole = whole
        self.whole_face = face or whole.select()
        self.scale = min(1.0, JUDGED_INTEROCULAR / max(self.whole_face.interocular_pixels, 1.0))
        self.surroundings = _surroundings(self.whole_face, whole.picture.width, whole.picture.height)
        self.portrait = whole.detail(*self.surroundings, self.scale)
        self.face = self.portrait.faces[self.whole_face.index]
        by = min(1.0, _MASKED_INTEROCULAR / max(self.face.interocular_pixels, 1.0))
        self._small = self.portrait.detail(slice(0, None), slice(0, None), by)
        self._certain: dict[Region, NDArray[np.bool_]] = {}

    @cached_property
    def linear(self) -> NDArray[np.float32]:
        """Return linear luminance (h, w), 0..1."""
        picture = self.portrait.picture
        return np.asarray(luminance(decode_transfer(picture.pixels), picture.space), np.float32)

    @cached_property
    def luma(self) -> NDArray[np.float32]:
        """Return display-encoded luminance (h, w), 0..1."""
        return np.asarray(encode_transfer(self.linear), np.float32)

    @cached_property
    def whole_luma(self) -> NDArray[np.float32]:
        """Return display-encoded luminance (H, W), 0..1, of the face's surroundings in the unreduced picture."""
        if self.scale == 1.0:
            return self.luma
        picture, (rows, columns) = self.whole.picture, self.around
        light = luminance(decode_transfer(picture.pixels[rows, columns]), picture.space)
        return np.asarray(encode_transfer(np.asarray(light, np.float32)), np.float32)

    @property
    def around(self) -> tuple[slice, slice]:
        """Return the rows and columns of the unreduced picture that `whole_luma` covers."""
        if self.scale == 1.0:
            return self.surroundings
        picture, box = self.whole.picture, self.whole_face.box
        margin = 0.15 * box.width
        top, left = max(0, int(box.top - margin)), max(0, int(box.left - margin))
        bottom, right = int(box.top + box.height + margin), int(box.left + box.width + margin)
        return slice(top, min(picture.height, bottom)), slice(left, min(picture.width, right))

    @cached_property
    def lightness(self) -> NDArray[np.float32]:
        """Return L* (h, w), 0..100 (CIE 15:2004), of linear luminance."""
        straight = self.linear * np.float32((29 / 6) ** 2 / 3) + np.float32(4 / 29)
        return np.asarray(116 * np.where(self.linear > (6 / 29) ** 3, np.cbrt(self.linear), straight) - 16, np.float32)

    def certain(self, region: Region) -> NDArray[np.bool_]:
        """Return where a region certainly is, (h, w)."""
        if region not in self._certain:
            self._certain[region] = np.asarray(self._mask(region) > _CERTAIN)
        return self._certain[region]

    @cached_property
    def background(self) -> NDArray[np.bool_]:
        """Return where nobody is, (h, w)."""
        return np.asarray(self._mask(Region.PERSON) < _SURELY_NOBODY)

    @cached_property
    def ita_degrees(self) -> float | None:
        """Return the individual typology angle of the face; None where skin is covered or without colour."""
        return self._small.ita_degrees(self._small.faces[self.whole_face.index])

    @cached_property
    def impression(self) -> Impression | None:
        """Return what networks take the face for; None where they are not installed."""
        try:
            return self.portrait.impression(self.face)
        except ModelNotInstalledError:
            return None

    def _mask(self, region: Region) -> NDArray[np.float32]:
        face = None if region is Region.PERSON else self._small.faces[self.whole_face.index]
        mask = self._small.mask(region, face)
        return np.asarray(cv2.resize(mask, self.linear.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)

    @cached_property
    def patches(self) -> NDArray[np.bool_]:
        """Return forehead and cheeks, (h, w)."""
        parts = (Region.FOREHEAD, Region.LEFT_CHEEK, Region.RIGHT_CHEEK)
        return np.asarray(np.logical_or.reduce([self.certain(part) for part in parts]))

    def box_of(self, mask: NDArray[np.bool_]) -> Box | None:
        """Return the box around a mask (h, w), in pixels of the whole picture."""
        found = bounds(mask)
        if found is None:
            return None
        rows, columns = found
        return self.whole_box(columns.start, rows.start, columns.stop, rows.stop)

    def box_around(self, points: Sequence[int]) -> Box:
        """Return the box around points of the mesh with a margin that lets them be seen, in pixels of the picture."""
        margin = _MARGIN * self.whole_face.interocular_pixels
        found = self.whole_face.mesh[list(points), :2]
        (left, top), (width, height) = found.min(axis=0) - margin, np.ptp(found, axis=0) + 2 * margin
        return Box(float(left), float(top), float(width), float(height))

    def whole_box(self, left: float, top: float, right: float, bottom: float) -> Box:
        """Carry edges in pixels of the reduced picture into the whole one."""
        rows, columns = self.surroundings
        x, y = left / self.scale + columns.start, top / self.scale + rows.start
        return Box(x, y, (right - left) / self.scale, (bottom - top) / self.scale)


def _surroundings(face: Face, width: int, height: int) -> tuple[slice, slice]:
    """Return the rows and columns around a face that are judged: all of a portrait, a part of a wider picture."""
    unit = unit_pixels(face)
    x, y = (float(value) for value in face.mesh[[LEFT_IRIS[0], RIGHT_IRIS[0]], :2].mean(axis=0))
    left, right = max(0, round(x - _REACH[0] * unit)), min(width, round(x + _REACH[0] * unit))
    top, bottom = max(0, round(y - _REACH[1] * unit)), min(height, round(y + _REACH[2] * unit))
    return slice(top, max(bottom, top + 1)), slice(left, max(right, left + 1))
