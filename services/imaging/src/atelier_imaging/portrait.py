"""A picture together with what is known of it, each fact found out once and only when asked."""

from __future__ import annotations

import math
from dataclasses import replace
from threading import RLock
from typing import TYPE_CHECKING

import cv2
import numpy as np
from atelier_sdk.errors import FaceNotSelectedError

from atelier_imaging.analysis import Analysis, search
from atelier_imaging.impression import impressions
from atelier_imaging.masks import FaceMasks
from atelier_imaging.refusals import nothing_measured, too_extreme, too_small
from atelier_imaging.region import Region
from atelier_imaging.segmentation import segment_person
from atelier_imaging.skintone import typology_angle

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_imaging.face import Face
    from atelier_imaging.impression import Impression
    from atelier_imaging.models import ModelRunner
    from atelier_imaging.picture import Picture


class Portrait:
    """Carry a picture and its analysis through one call.

    Nothing is computed before it is asked for, and everything at most once. Safe to be used from several threads.
    """

    def __init__(self, picture: Picture, models: ModelRunner) -> None:
        self.picture = picture
        self._models = models
        self._lock = RLock()
        self._analysis: Analysis | None = None
        self._masks: dict[tuple[Region, int | None], NDArray[np.float32]] = {}
        self._face_masks: dict[int, FaceMasks] = {}
        self._impressions: dict[int, Impression] = {}

    @classmethod
    def of_known(cls, picture: Picture, faces: tuple[Face, ...], models: ModelRunner) -> Portrait:
        """Make a portrait whose faces are known already, the largest first: nobody looks for more."""
        portrait = cls(picture, models)
        portrait._analysis = Analysis(faces, ())
        return portrait

    def detail(self, rows: slice, columns: slice, by: float) -> Portrait:
        """Return a cut-out, `by` (above 0, at most 1) times as wide and high; nobody looks for its faces anew."""
        part = self.picture.pixels[rows, columns]
        if by < 1:
            size = (max(1, round(part.shape[1] * by)), max(1, round(part.shape[0] * by)))
            part = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), part.dtype)
        faces = tuple(each.within(columns.start, rows.start, by) for each in self.faces)
        return Portrait.of_known(replace(self.picture, pixels=part, alpha=None), faces, self._models)

    @property
    def analysis(self) -> Analysis:
        """Return the faces that were measured and those that could not be."""
        with self._lock:
            if self._analysis is None:
                self._analysis = search(self.picture.pixels, self._models)
            return self._analysis

    @property
    def faces(self) -> tuple[Face, ...]:
        """Return every face of the picture, the largest first; empty when there is none."""
        return self.analysis.faces

    def select(self, index: int | None = None, at: tuple[float, float] | None = None) -> Face:
        """Return the face of that index, or the one at that pixel, or the largest.

        Raises NoFaceError when the picture has no face (or what kept one from being measured, as `require_face`), and
        FaceNotSelectedError when the selector points at none.
        """
        faces = self.faces
        if not faces:
            raise nothing_measured(self.analysis.unmeasured)
        if at is not None:
            return self._face_at(*at)
        chosen = index or 0
        if not 0 <= chosen < len(faces):
            raise FaceNotSelectedError(
                f"Face {chosen} was asked for; the picture has {len(faces)}, counted from 0.",
                metadata={"index": str(chosen), "faces": str(len(faces))},
            )
        return faces[chosen]

    def require_face(
        self,
        face: Face | None = None,
        *,
        min_interocular_pixels: float = 0.0,
        max_yaw_degrees: float = 180.0,
        max_pitch_degrees: float = 180.0,
    ) -> Face:
        """Return the face (default: the largest) if an operation with these limits can serve it.

        Raises NoFaceError, FaceTooSmallError or PoseTooExtremeError; the metadata of the latter two has
        `measure`, `limit` and `measured`.
        """
        face = face or self.select()
        # A turned head brings the pupils together: what counts is how many pixels the face has, not how it is turned.
        distance = face.interocular_pixels / max(math.cos(math.radians(face.pose.yaw_degrees)), 0.5)
        if distance < min_interocular_pixels:
            raise too_small(distance, min_interocular_pixels)
        for measure, angle, limit in (
            ("yaw_degrees", face.pose.yaw_degrees, max_yaw_degrees),
            ("pitch_degrees", face.pose.pitch_degrees, max_pitch_degrees),
        ):
            if abs(angle) > limit:
                raise too_extreme(measure, angle, limit)
        return face

    def mask(self, region: Region, face: Face | None = None) -> NDArray[np.float32]:
        """Return the soft mask of a region, float32 (H, W), 0..1, read-only; of every face when none is given."""
        key = (region, None if face is None else face.index)
        with self._lock:
            if key not in self._masks:
                mask = self._draw(region, face)
                mask.flags.writeable = False
                self._masks[key] = mask
            return self._masks[key]

    def impression(self, face: Face) -> Impression:
        """Return what networks take a face for. Raises ModelNotInstalledError where one is missing."""
        with self._lock:
            if face.index not in self._impressions:
                self._impressions[face.index] = impressions(self.picture.pixels, [face], self._models)[0]
            return self._impressions[face.index]

    def ita_degrees(self, face: Face | None = None) -> float | None:
        """Return the individual typology angle of cheeks and forehead; None where skin is covered or without colour."""
        if self.picture.source.was_grey:
            return None
        return typology_angle(self.picture, face or self.select(), self.mask)

    def _draw(self, region: Region, face: Face | None) -> NDArray[np.float32]:
        pixels = self.picture.pixels
        if region is Region.PERSON:
            return segment_person(pixels, self.faces, self._models)
        if region is Region.BACKGROUND:
            return 1 - self.mask(Region.PERSON)
        faces = self.faces if face is None else (face,)
        if not faces:
            return np.zeros(pixels.shape[:2], np.float32)
        if len(faces) > 1:
            return np.asarray(np.maximum.reduce([self.mask(region, each) for each in faces]), np.float32)
        return self._masks_of(faces[0]).region(region)

    def _masks_of(self, face: Face) -> FaceMasks:
        if face.index not in self._face_masks:
            self._face_masks[face.index] = FaceMasks(self.picture.pixels, face, self.mask(Region.PERSON))
        return self._face_masks[face.index]

    def _face_at(self, x: float, y: float) -> Face:
        hits = [face for face in self.faces if face.box.contains(x, y)]
        if not hits:
            raise FaceNotSelectedError(
                f"There is no face at ({x:g}, {y:g}); the picture has {len(self.faces)}.",
                metadata={"x": f"{x:g}", "y": f"{y:g}", "faces": str(len(self.faces))},
            )
        return min(hits, key=lambda face: face.box.area)  # the smaller one is in front or was meant
