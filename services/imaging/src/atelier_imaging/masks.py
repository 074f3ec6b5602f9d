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
            patch = self._polygon(_SKIN_PATCHES[region], feather=0.05)
            return patch * self.skin
        if region is Region.FACE:
            return self._face_mask()
        return self.skin if region is Region.SKIN else self.hair

    @cached_property
    def skin(self) -> NDArray[np.float32]:
        """Draw the visible skin of face, ears, neck and bare scalp; eyes, brows and lips are left out."""
        bare = self._tissue_mask(SKIN)
        for region in _OUTLINES:
            bare *= 1 - self._outlined(region, whole=True)
        return bare

    @cached_property
    def hair(self) -> NDArray[np.float32]:
        """Draw the hair of the head, beard left out."""
        return self._tissue_mask(HAIR) * (1 - self._outlined(Region.BROWS))

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
        return self._soft(outline, 0.06 * unit) * (1 - self.hair) * self._person

    def _outlined(self, region: Region, *, whole: bool = False) -> NDArray[np.float32]:
        mask = np.zeros(self._pixels.shape[:2], np.float32)
        for outline in _OUTLINES[region]:
            np.maximum(mask, self._polygon(outline), out=mask)
        if region is Region.LIPS and not whole:
            mask *= 1 - self._polygon(topology.LIPS_INNER)
        return mask

    def _polygon(self, outline: Sequence[int], feather: float = _FEATHER) -> NDArray[np.float32]:
        return self._soft(self._face.mesh[list(outline), :2], feather * unit_pixels(self._face))

    def _soft(self, outline: NDArray[np.float32], feather: float) -> NDArray[np.float32]:
        """Fill a polygon in pixels of the picture; its edge fades over about `feather` pixels to either side."""
        mask = np.zeros(self._pixels.shape[:2], np.float32)
        margin = 3 * feather + 2
        low = np.maximum(np.floor(outline.min(axis=0) - margin), 0).astype(int)
        high = np.minimum(np.ceil(outline.max(axis=0) + margin), mask.shape[::-1]).astype(int)
        if (high <= low).any():
            return mask
        drawn = fill((high[1] - low[1], high[0] - low[0]), outline - low)
        mask[low[1] : high[1], low[0] : high[0]] = cv2.GaussianBlur(drawn, (0, 0), max(feather, 0.3))
        return mask
