"""The regions of a portrait as soft masks at full resolution, each made when it is first asked for."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from atelier_imaging import topology
from atelier_imaging.faceframe import FaceFrame, face_frame, fill, unit_pixels
from atelier_imaging.guided import evaluate
from atelier_imaging.region import Region
from atelier_imaging.tissue import HAIR, SKIN, Tissue, classify

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from atelier_imaging.face import Face
    from atelier_imaging.vips import Pixels

# The pupils' distance in the frames that masks are worked out and colours are learnt in.
_FINE_UNIT: Final = 44.0
_COARSE_UNIT: Final = 24.0
# Edges of outlined features fade over this share of the pupils' distance.
_FEATHER: Final = 0.025
_OUTLINES: Final[dict[Region, tuple[tuple[int, ...], ...]]] = {
    Region.EYES: (topology.LEFT_EYE, topology.RIGHT_EYE),
    Region.BROWS: (topology.LEFT_BROW, topology.RIGHT_BROW),
    Region.LIPS: (topology.LIPS_OUTER,),
}
_SKIN_PATCHES: Final = {
    Region.FOREHEAD: topology.FOREHEAD,
    Region.LEFT_CHEEK: topology.LEFT_CHEEK,
    Region.RIGHT_CHEEK: topology.RIGHT_CHEEK,
}


class FaceMasks:
    """The masks of one face. All are float32 (H, W), 0..1; `person` is the whole picture's."""

    def __init__(self, pixels: Pixels, face: Face, person: NDArray[np.float32]) -> None:
        self._pixels = pixels
        self._face = face
        self._person = person

    def region(self, region: Region) -> NDArray[np.float32]:
        """Draw the mask of a region that belongs to a face (not PERSON or BACKGROUND)."""
        if region in _OUTLINES:
            return self._outlined(region)
        if region in _SKIN_PATCHES:
            return self._patch(_SKIN_PATCHES[region])
        if region is Region.FACE:
            return self._face_mask()
        return self.skin if region is Region.SKIN else self.hair

    @cached_property
    def skin(self) -> NDArray[np.float32]:
        """Draw the visible skin of face, ears, neck and bare scalp; eyes, brows and lips are left out."""
        bare = self._tissue_mask(SKIN)
        for outline in (outline for outlines in _OUTLINES.values() for outline in outlines):
            self._cut(bare, outline)
        return bare

    @cached_property
    def hair(self) -> NDArray[np.float32]:
        """Draw the hair of the head, beard and brows left out."""
        hair = self._tissue_mask(HAIR)
        for outline in _OUTLINES[Region.BROWS]:
            self._cut(hair, outline)
        return hair

    @cached_property
    def _frame(self) -> FaceFrame | None:
        return face_frame(self._pixels, self._face, _FINE_UNIT)

    @cached_property
    def _tissue(self) -> Tissue | None:
        frame, coarse = self._frame, face_frame(self._pixels, self._face, _COARSE_UNIT)
        if frame is None or coarse is None:
            return None
        return classify(frame, coarse, coarse.reduce(self._person))

    def _tissue_mask(self, kind: int) -> NDArray[np.float32]:
        mask = np.zeros(self._pixels.shape[:2], np.float32)
        if self._frame is None or self._tissue is None:
            return mask
        part = (self._frame.rows, self._frame.columns)
        mask[part] = evaluate(self._tissue.fit(kind), self._pixels[part], certain=(0.1, 0.9)) * self._person[part]
        return mask

    def _face_mask(self) -> NDArray[np.float32]:
        """Fill the mesh's outline, lifted to the hairline, less the hair that falls into it."""
        mesh, unit = self._face.mesh[:, :2], unit_pixels(self._face)
        up = mesh[10] - mesh[152]
        up = up / max(float(np.linalg.norm(up)), 1e-6)
        outline = mesh[list(topology.FACE_OVAL)].copy()
        height = (outline - mesh[168]) @ up / unit
        outline += up * (0.35 * unit * np.clip((height - 0.3) / 0.7, 0, 1))[:, None]
        mask = np.zeros(self._pixels.shape[:2], np.float32)
        part, drawn = self._soft(outline, 0.06 * unit)
        mask[part] = drawn * (1 - self.hair[part]) * self._person[part]
        return mask

    def _patch(self, outline: Sequence[int]) -> NDArray[np.float32]:
        mask = np.zeros(self._pixels.shape[:2], np.float32)
        part, drawn = self._polygon(outline, 2 * _FEATHER)
        mask[part] = drawn * self.skin[part]
        return mask

    def _outlined(self, region: Region) -> NDArray[np.float32]:
        mask = np.zeros(self._pixels.shape[:2], np.float32)
        for outline in _OUTLINES[region]:
            part, drawn = self._polygon(outline)
            mask[part] = np.maximum(mask[part], drawn)
        if region is Region.LIPS:
            self._cut(mask, topology.LIPS_INNER)
        return mask

    def _cut(self, mask: NDArray[np.float32], outline: Sequence[int]) -> None:
        """Take a polygon of mesh points out of a mask."""
        part, drawn = self._polygon(outline)
        mask[part] *= 1 - drawn

    def _polygon(
        self, outline: Sequence[int], feather: float = _FEATHER
    ) -> tuple[tuple[slice, slice], NDArray[np.float32]]:
        return self._soft(self._face.mesh[list(outline), :2], feather * unit_pixels(self._face))

    def _soft(self, outline: NDArray[np.float32], feather: float) -> tuple[tuple[slice, slice], NDArray[np.float32]]:
        """Fill a polygon whose edge fades over about `feather` pixels to either side: where it lies, and its mask."""
        margin = 3 * feather + 2
        size = np.array(self._pixels.shape[1::-1])
        low = np.clip(np.floor(outline.min(axis=0) - margin), 0, size).astype(int)
        high = np.clip(np.ceil(outline.max(axis=0) + margin), low, size).astype(int)
        part = (slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0])))
        if (high <= low).any():
            return part, np.zeros((int(high[1] - low[1]), int(high[0] - low[0])), np.float32)
        drawn = fill((int(high[1] - low[1]), int(high[0] - low[0])), outline - low)
        # The blur's weights sum to a hair more than 1.
        return part, np.clip(np.asarray(cv2.GaussianBlur(drawn, (0, 0), max(feather, 0.3)), np.float32), 0, 1)
